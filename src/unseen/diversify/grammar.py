"""Wording k of a form, out of the grammar: it depends on (seed, side, k) and on the form, and on nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from unseen.diversify.form import Form
from unseen.diversify.frames import Frame, frames_of_side
from unseen.diversify.typography import QUOTES, STOPPING, cased, cases_for, layouts_for, quoted, typed
from unseen.diversify.wording import Features, Place, Side, Wording
from unseen.task.seeds import generator

# How often: a sentence before and after what is asked, the token named twice, the answer's sentence first.
OPENED, CLOSED, TWICE, CLAUSE_FIRST, JOINED = 0.15, 0.15, 0.35, 0.2, 0.4
LAID_OUT, QUOTED, CASED = 0.45, 0.2, 0.15  # how often typography is not the plain one
PLACES: tuple[Place, ...] = ("before", "after", "around")
TERSE = 6  # words beside the task, in one sentence
KINDS = ("and", "with", "lead")


@dataclass(frozen=True, slots=True)
class Grammar:
    """The sentences of one side for one form; `acts` are the speech acts that they perform."""

    form: Form
    side: Side
    seed: int
    acts: tuple[str, ...]
    cores: tuple[Frame, ...]
    clauses: tuple[Frame, ...]
    openers: tuple[Frame, ...]
    closers: tuple[Frame, ...]

    def wording(self, number: int) -> Wording:
        """Wording `number`, counted from 0; every round of as many wordings as there are acts has one of each act."""
        turn, place = divmod(number, len(self.acts))
        order = generator(self.seed, "acts", self.side, turn).permutation(len(self.acts))
        draw = _Draw(generator(self.seed, "wording", self.side, number))
        return _worded(self, f"{self.side}_{number:03}", self.acts[order[place]], draw)


def grammar_of(form: Form, side: Side, seed: int, clause: Literal["clause", "refusal"] = "clause") -> Grammar:
    """The grammar of `side`; clauses, which ask for tokens or refuse them, are there where the form names some."""
    openers, closers = (frames_of_side(role, side, seed, form) for role in ("opener", "closer"))
    clauses = frames_of_side(clause, side, seed, form) if form.tokens else ()
    cores = frames_of_side("core", side, seed, form)
    acts = tuple(dict.fromkeys(frame.family.act for frame in cores))
    return Grammar(form, side, seed, acts, cores, clauses, openers, closers)


def in_turn(grammars: Sequence[Grammar]) -> Callable[[int], Wording]:
    """Wording `number` out of one of `grammars`, which take turns."""
    return lambda number: grammars[number % len(grammars)].wording(number)


@dataclass(frozen=True, slots=True)
class _Draw:
    """Choices from one generator."""

    random: np.random.Generator

    def one(self, choices: Sequence[Any]) -> Any:
        return choices[int(self.random.integers(len(choices)))]

    def frame(self, frames: Sequence[Frame]) -> Frame:
        """A sentence: first its family, so that a family with many variants is not drawn more often."""
        family = self.one(tuple(dict.fromkeys(each.name for each in frames)))
        chosen: Frame = self.one([each for each in frames if each.name == family])
        return chosen

    def maybe(self, share: float) -> bool:
        return bool(self.random.random() < share)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The sentences of one wording, as frames."""

    core: Frame
    clause: Frame | None
    opener: Frame | None
    closer: Frame | None
    clause_first: bool
    place: Place

    @property
    def frames(self) -> tuple[Frame, ...]:
        return tuple(each for each in (self.core, self.clause, self.opener, self.closer) if each)


def _worded(grammar: Grammar, name: str, act: str, draw: _Draw) -> Wording:
    chosen = _choose(grammar, act, draw)
    before, after = _sentences(chosen, grammar.form, draw)
    if chosen.place == "around":
        parts = (before, after)
    else:
        parts = (before + after, ()) if chosen.place == "before" else ((), before + after)
    return _type(grammar.form, name, grammar.side, chosen, parts, draw)


def _choose(grammar: Grammar, act: str, draw: _Draw) -> _Chosen:
    core = draw.frame([each for each in grammar.cores if each.family.act == act])
    registers = {core.register, "plain"} if core.register != "plain" else {"plain", draw.one(("formal", "casual"))}
    clause = _clause(grammar, core, registers, draw)
    opener = _extra(grammar.openers, registers, OPENED, draw)
    if opener and {"it", "input"} & opener.slots & core.slots:
        opener = None
    closer = _extra(grammar.closers, registers, CLOSED, draw)
    places = [each for each in PLACES if each != "around" or (clause and clause.family.kind == "sentence") or closer]
    return _Chosen(core, clause, opener, closer, draw.maybe(CLAUSE_FIRST), draw.one(places))


def _clause(grammar: Grammar, core: Frame, registers: set[str], draw: _Draw) -> Frame | None:
    """How the answer is to be put: joined to the sentence of the task, or in a sentence of its own."""
    fitting = [each for each in grammar.clauses if core.takes(each.family.kind) and each.register in registers]
    twice = [each for each in fitting if each.family.mentions == 2]
    once = [each for each in fitting if each.family.mentions == 1]
    joined = [each for each in once if each.family.kind in KINDS]
    alone = [each for each in once if each.family.kind == "sentence"]
    wanted = twice if draw.maybe(TWICE) else joined if draw.maybe(JOINED) else alone
    pool = wanted or once or twice
    return draw.frame(pool) if pool else None


def _extra(frames: Sequence[Frame], registers: set[str], share: float, draw: _Draw) -> Frame | None:
    fitting = [each for each in frames if each.register in registers]
    return draw.frame(fitting) if fitting and draw.maybe(share) else None


def _sentences(chosen: _Chosen, form: Form, draw: _Draw) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sentences up to the task, and those after it; around an input, the input stands between the two."""
    slots = _slots(form, "after" if chosen.place == "after" else "before", draw)
    core = _said(chosen.core.says, slots)
    tail: list[str] = list(form.details)
    first = [_said(chosen.opener.says, slots)] if chosen.opener else []
    if chosen.clause and chosen.clause.family.kind == "sentence":
        says = _said(chosen.clause.says, slots)
        early = chosen.clause_first and chosen.place != "around" and not form.details and _stands_alone(chosen.clause)
        if early:
            first.append(says)
        else:
            tail.append(says)
    elif chosen.clause:
        core = _joined(core, chosen.clause, slots)
    if chosen.closer:
        tail.append(_said(chosen.closer.says, slots))
    return (*first, core), tuple(tail)


def _stands_alone(clause: Frame) -> bool:
    """Whether the sentence can come before what is to be done; "do that" and "it" look back."""
    return not any(word in clause.says for word in (" it", "do that"))


def _slots(form: Form, place: Place, draw: _Draw) -> dict[str, str]:
    where = "above" if place == "after" else "below"
    it = f"{form.input} {where}"
    if place == "before" and form.input.startswith("the ") and form.input.count(" ") == 1 and draw.maybe(0.5):
        it = f"the following {form.input.removeprefix('the ')}"
    return {
        "do": form.task,
        "doing": form.doing or "",
        "input": form.input,
        "it": it,
        "t": f"the {form.token} {form.whats}",
        "tok": form.token,
        "what": form.whats,
    }


def _said(says: str, slots: dict[str, str]) -> str:
    """A frame with its slots filled; sentences begin with a capital, and no text of the form is read as a slot."""
    text = says
    pieces: list[str] = []
    while "{" in text:
        words, _, rest = text.partition("{")
        slot, _, text = rest.partition("}")
        value = slots[slot]
        before = (pieces[-1] if pieces else "") + words
        begins = not before.strip() or before.endswith((". ", "! ", "? "))
        pieces += [words, value[:1].upper() + value[1:] if begins and slot != "tok" else value]
    return "".join((*pieces, text))


def _joined(core: str, clause: Frame, slots: dict[str, str]) -> str:
    """A sentence with what joins it: a lead before it, or words before its full stop."""
    if clause.family.kind == "lead":
        return _said(clause.says, {**slots, "core": core[:1].lower() + core[1:]})
    return core[:-1] + _said(clause.says, slots) + core[-1]


def _type(
    form: Form, name: str, side: Side, chosen: _Chosen, parts: tuple[tuple[str, ...], tuple[str, ...]], draw: _Draw
) -> Wording:
    imperative = all(each.family.imperative for each in chosen.frames) and not form.details
    main = 1 if chosen.place == "after" else 0  # around an input, what stands after it is plain
    layouts = ["plain", "plain"]
    if draw.maybe(LAID_OUT):
        layouts[main] = draw.one(_layouts(form, parts[main], imperative, chosen.place))
    texts = [typed(layout, sentences) if sentences else "" for layout, sentences in zip(layouts, parts, strict=True)]
    habits = [*layouts]
    if form.tokens and draw.maybe(QUOTED):
        habits.append(draw.one(tuple(QUOTES)))
        texts = [quoted(habits[-1], text, form.tokens) for text in texts]
    if cases_for(form) and chosen.core.register != "formal" and draw.maybe(CASED):
        habits.append(draw.one(cases_for(form)))
        texts = [cased(habits[-1], text, form) for text in texts]
    told = ", ".join(dict.fromkeys(habit for habit in habits if habit != "plain")) or "plain"
    return Wording(name, texts[0], texts[1], side, _features(form, chosen, sum(parts, ()), told))


def _layouts(form: Form, sentences: tuple[str, ...], imperative: bool, place: Place) -> tuple[str, ...]:
    """The layouts that suit, less those that would change the full stop of a sentence that is kept as it is."""
    found = layouts_for(sentences, imperative, place != "after")
    return found if sentences[-1] not in form.details else tuple(each for each in found if each not in STOPPING)


def _features(form: Form, chosen: _Chosen, sentences: tuple[str, ...], typography: str) -> Features:
    """`frames` are named by role, since a core and a clause may be called the same."""
    return Features(
        act=chosen.core.family.act,
        register=max((each.register for each in chosen.frames), key=lambda register: register != "plain"),
        perspective=chosen.core.family.perspective,
        length=_length(sentences, form),
        mentions=chosen.clause.family.mentions if chosen.clause else 0,
        typography=typography,
        frames=tuple(f"{each.role}/{each.name}" for each in chosen.frames),
    )


def _length(sentences: tuple[str, ...], form: Form) -> str:
    beside = sum(len(each.split()) for each in (*sentences,)) - len(form.task.split())
    if len(sentences) == 1:
        return "terse" if beside <= TERSE else "one sentence"
    return "two sentences" if len(sentences) == 2 else "several sentences"
