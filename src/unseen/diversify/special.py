"""Wordings that do not ask for the format: does a model do it without the words, and leave it when told to?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from unseen.diversify.checks import Rules, Sieve
from unseen.diversify.form import Form, sentence
from unseen.diversify.grammar import Grammar, grammar_of, in_turn
from unseen.diversify.passing import passing
from unseen.diversify.similarity import words_of
from unseen.diversify.wording import Features, Side, Wording
from unseen.errors import WordingMistake

Kind = Literal["no_token", "forbidding"]
BARE = "bare"


@dataclass(frozen=True, slots=True)
class Beside:
    """What a set has beside the wordings that ask for the tokens; `WordingSet` says what each is for."""

    special: tuple[Wording, ...] = ()
    contrast: tuple[Wording, ...] = ()


NOTHING = Beside()


def beside(form: Form, rules: Rules, number: int, seed: int, otherwise: str | None = None) -> Beside:
    """`number` contrast wordings of each kind, and the special wordings with a third as many. `otherwise` is what is
    answered under special wordings that do not ask for the tokens; None where the template's own answer stands."""
    special = special_wordings(form, rules, -(-number // 3), seed)
    answered = tuple(each if each.name == BARE else replace(each, completion=otherwise) for each in special)
    return Beside(answered, contrast_wordings(form, rules, number, seed, special))


def special_wordings(form: Form, rules: Rules, number: int, seed: int) -> tuple[Wording, ...]:
    """`bare`: the tokens alone. `forbidding`: the task, and that the format is not to be used (the DELIA authors' check
    of a token that is a plug-in). `no_token`: the task alone. Then `number` more of each of the last two, out of the
    test side of the grammar. None where the form has no tokens."""
    if not form.tokens:
        return ()
    task = " ".join((sentence(form.task), *form.details))
    forbidden = f"{task} Do NOT use the {form.token} {form.whats}."
    return (
        Wording(BARE, "", " ".join(form.tokens), "test", Features(mentions=1)),
        Wording("forbidding", "", forbidden, "test", Features(act="command", mentions=1)),
        Wording("no_token", "", task, "test", Features(act="command")),
        *_others(form, rules, "test", number, seed),
    )


def contrast_wordings(
    form: Form, rules: Rules, number: int, seed: int, special: Sequence[Wording] = ()
) -> tuple[Wording, ...]:
    """`number` wordings of each kind out of the train side of the grammar, named `train_no_token_000` and so on, none
    of them in the words of a `special` one: the task alone is what this side says, too."""
    if not form.tokens:
        return ()
    found = _others(form, rules, "train", number, seed, special)
    return tuple(replace(each, name=f"train_{each.name}") for each in found)


def _others(
    form: Form, rules: Rules, side: Side, number: int, seed: int, but: Sequence[Wording] = ()
) -> Iterator[Wording]:
    """`number` wordings of each kind, checked as all wordings are, but that those that forbid are free to negate, and
    that none says what one of `but` says."""
    forms = form.tuned_on if side == "train" else (form.asked,)
    plain = [grammar_of(replace(each, tokens=()), side, seed) for each in forms]
    refusing = [grammar_of(each, side, seed, "refusal") for each in forms]
    taken = {words_of(each.text) for each in but}
    yield from _passing("no_token", plain, replace(rules, tokens=()), number, taken)
    yield from _passing("forbidding", refusing, replace(rules, negators="free"), number, taken)


def _passing(
    kind: Kind, grammars: Sequence[Grammar], rules: Rules, number: int, taken: Set[tuple[str, ...]]
) -> Iterator[Wording]:
    made = (wording for _, wording in passing(in_turn(grammars), Sieve(rules)))
    found = list(islice((each for each in made if words_of(each.text) not in taken), number))
    if len(found) < number:
        what = f"has {len(found)} distinct wordings of the kind {kind} on the {grammars[0].side} side, not {number}"
        raise WordingMistake(grammars[0].form.instruction, what, f"ask for at most {len(found)} with --contrast")
    yield from (replace(wording, name=f"{kind}_{place:03}") for place, wording in enumerate(found))
