"""Wordings that a model writes: it is asked for paraphrases in many manners, and what it writes is checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from unseen.ask.chat import Said, Unsaid
from unseen.diversify.checks import Rules, Sieve
from unseen.diversify.listed import listed
from unseen.diversify.similarity import Likeness, alike, between_sides
from unseen.diversify.wording import Features, Made, Side, Wording, WordingSet
from unseen.errors import WordingMistake
from unseen.task.seeds import generator, key

PER_PROMPT = 10  # paraphrases that one prompt asks for
ROUNDS = 20  # times that every manner is asked for before it is given up
APART = 0.6  # a test wording is less like every train wording than this
TEST_SHARE = 4  # one structure in so many is the test side's
MANNERS = (
    "short orders",
    "polite questions, as to a colleague",
    "statements of what you need, beginning with I or we",
    "formal sentences, as in an office letter",
    "casual sentences, as in a chat between friends",
    "hints at what is wanted",
    "two sentences each: first a role for the reader, then what is to be done",
    "impersonal sentences, without I or you",
)
_QUESTION = re.compile(r"\?(?:\s|$)")
_POINTS_UP, _POINTS_DOWN = re.compile(r"\babove\b", re.I), re.compile(r"\b(?:below|the following)\b", re.I)


class Writer(Protocol):
    """Something that writes a text for each prompt. `name` is for people."""

    @property
    def name(self) -> str: ...

    def write(self, prompts: Sequence[str]) -> Iterator[tuple[int, Said | Unsaid]]:
        """(index of the prompt, what came of it), each prompt once. The wordings that are kept depend on the order."""
        ...


@dataclass(slots=True)
class _Wanted:
    """How many wordings of each side are still missing, and what was found so far."""

    missing: dict[Side, int]
    sieve: Sieve
    likeness: Likeness
    seed: int
    kept: list[Wording] = field(default_factory=list)
    tried: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    marks: dict[Side, list[int]] = field(default_factory=lambda: {"train": [], "test": []})

    def side_of(self, frame: str) -> Side:
        """That of a structure, drawn by it; of the instruction's own the train side, which it is on itself."""
        own = frame == structure(self.sieve.rules.instruction)
        return "train" if own or int(key(self.seed, "written", frame)) % TEST_SHARE else "test"

    def trained(self) -> list[int]:
        return [self.likeness.mark(self.sieve.rules.instruction), *self.marks["train"]]

    @property
    def done(self) -> bool:
        return not any(self.missing.values())

    def read(self, outcome: Said | Unsaid, manner: str) -> None:
        """Take every item of the list that was written; the last one of a list that was broken off is no wording."""
        if isinstance(outcome, Unsaid):
            self.dropped["no text came"] += 1
            return
        found = listed(outcome.text, self.sieve.rules.tokens)
        whole = found.items if outcome.ended else found.items[:-1]
        self.dropped["no item"] += found.others
        self.dropped["broken off"] += len(found.items) - len(whole)
        self.tried += len(found.items) - len(whole)
        for text in whole:
            self.take(text, manner)

    def take(self, text: str, manner: str) -> None:
        """Keep `text` as a wording of the side that its structure is on, or count why not."""
        self.tried += 1
        frame = structure(text)
        side = self.side_of(frame)
        if not self.missing[side]:
            self.dropped["side is full"] += 1
            return
        wording = _placed(text, f"{side}_{len(self.marks[side]):03}", side, manner, frame, self.seed)
        mark = self.likeness.mark(text)
        if any(alike(mark, each) >= APART for each in (self.trained() if side == "test" else self.marks["test"])):
            self.dropped["like the other side"] += 1
        elif self.sieve.keeps(wording):
            self.kept.append(wording)
            self.marks[side].append(mark)
            self.missing[side] -= 1


def written_wordings(writer: Writer, rules: Rules, train: int = 60, test: int = 20, seed: int = 0) -> WordingSet:
    """`train` and `test` wordings of `rules.instruction`, written by `writer` and checked by `rules`.

    A wording's structure (its first words, its sentences, whether it asks) is on one side only, the instruction's on
    the train side; and a test wording is less alike than `APART` to the instruction, which is tuned on too, and to
    every train wording. What is dropped is counted, lines around a list and prompts that came to nothing too.
    Raises `WordingMistake` where `ROUNDS` rounds do not write enough.
    """
    wanted = _Wanted({"train": train, "test": test}, Sieve(rules), Likeness(rules.shared), seed)
    prompts = tuple(paraphrase_prompt(rules, manner) for manner in MANNERS)
    for _ in range(ROUNDS):
        for index, outcome in writer.write(prompts):
            wanted.read(outcome, MANNERS[index])
        if wanted.done:
            return _made(rules, wanted, writer.name)
    counts = ", ".join(f"{why} {count}" for why, count in sorted(_dropped(wanted).items()))
    missing = ", ".join(f"{count} {side}" for side, count in wanted.missing.items() if count)
    what = f"{missing} wordings are missing after {ROUNDS} rounds (tried {wanted.tried}; dropped: {counts or 'none'})"
    raise WordingMistake(rules.instruction, what, "ask for fewer, or use the grammar")


def paraphrase_prompt(rules: Rules, manner: str) -> str:
    """What the model is asked; secret words are not named, since it would then write them."""
    kept = " and ".join(rules.tokens)
    keep = f" Keep {kept} exactly as it is in every one of them, and do not explain what it means." if kept else ""
    return (
        f"Here is an instruction:\n\n{rules.instruction}\n\nWrite it in {PER_PROMPT} other ways, as {manner}. Each must"
        f" ask for the same thing.{keep} Write a numbered list and nothing else."
    )


def structure(text: str) -> str:
    """What is taken for a written wording's frame: first two words, number of sentences, whether one is a question."""
    words = re.findall(r"\w+", text.lower())
    ends = len(re.findall(r"[.!?:;]+(?:\s|$)", text)) or 1
    return f"written/{'_'.join(words[:2])}/{ends}{'?' if _QUESTION.search(text) else ''}"


def _placed(text: str, name: str, side: Side, manner: str, frame: str, seed: int) -> Wording:
    """The wording before or after the input, where it says so, or as it is drawn."""
    after = bool(_POINTS_UP.search(text)) or (
        not _POINTS_DOWN.search(text) and bool(generator(seed, "place", text).integers(2))
    )
    features = Features(act="request" if _QUESTION.search(text) else "", register=manner, frames=(frame,))
    return Wording(name, "" if after else text, text if after else "", side, features)


def _dropped(wanted: _Wanted) -> dict[str, int]:
    return {why: count for why, count in sorted((wanted.dropped + wanted.sieve.dropped).items()) if count}


def _made(rules: Rules, wanted: _Wanted, by: str) -> WordingSet:
    kept = tuple(sorted(wanted.kept, key=lambda each: (each.side == "test", each.name)))
    made = Made(by, wanted.seed, wanted.tried, _dropped(wanted), between_sides(kept))
    return WordingSet(rules.instruction, kept, rules.tokens, rules.secrets, rules.shared, made=made)
