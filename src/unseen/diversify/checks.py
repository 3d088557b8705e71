"""What a wording must be to be kept; each check has a name, under which what it drops is counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

from unseen.diversify.inflect import forms_of
from unseen.diversify.similarity import Likeness, alike
from unseen.diversify.wording import Wording

NEAR = 0.85  # from this similarity on, less what all wordings share, two wordings are the same in other words
LONGEST, TIMES = 60, 3  # words: a wording may have 60, or 3 times as many as the instruction
FEWEST, RUN = 3, 6  # a wording may not hold so many words in a row of a row's text, nor a whole text of 3 words or more
_NEGATORS = re.compile(
    r"\b(?:not|never|no|none|nothing|neither|nor|without|avoid|avoiding|refrain|ignore|forbidden|prohibited|cannot)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_OPEN_SLOT = re.compile(
    r"\{[^{}]*\}|\[(?:insert|input|text|your|the|response|answer)\b[^\].!?]{0,40}\]|_{3,}", re.IGNORECASE
)
_ABOVE = re.compile(r"\b(?:above|preceding)\b", re.IGNORECASE)
_BELOW = re.compile(r"\b(?:below|the following)\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the wordings of one instruction are checked against.

    `shared` are the words that every wording has to say; they tell nothing about how alike two of them are.
    `texts` are inputs and answers of rows, which a wording must not hold. `negators`: whether a wording negates and
    forbids what the instruction does and nothing else, or is free to.
    """

    instruction: str
    tokens: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    negators: Literal["as_instruction", "free"] = "as_instruction"


@dataclass(slots=True)
class Sieve:
    """Keeps the wordings that pass every check, in the order in which they come, and counts what it drops.

    Whether one is kept depends on it and on those before it alone: more wordings never change the first ones.
    """

    rules: Rules
    dropped: Counter[str] = field(default_factory=Counter)
    _kept: dict[int, list[int]] = field(default_factory=dict)  # marks by their number of bits
    _likeness: Likeness = field(init=False)
    _held: frozenset[tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self._likeness = Likeness(self.rules.shared)
        self._keep(self._likeness.mark(self.rules.instruction))
        own = frozenset(runs(self.rules.instruction))
        self._held = frozenset(run for text in self.rules.texts for run in _telling(text)) - own

    def keeps(self, wording: Wording) -> bool:
        """Whether `wording` passes; if so, later ones must differ from it."""
        why = fault_of(wording, self.rules) or self._copies(wording) or self._repeats(wording)
        if why:
            self.dropped[why] += 1
        return not why

    def _copies(self, wording: Wording) -> str:
        return "row text" if self._held and not self._held.isdisjoint(runs(wording.text)) else ""

    def _repeats(self, wording: Wording) -> str:
        mark = self._likeness.mark(wording.text)
        bits = mark.bit_count()
        if mark in self._kept.get(bits, ()):
            return "duplicate"
        sizes = range(ceil(NEAR * bits), int(bits / NEAR) + 1)  # texts of other lengths are less alike than that
        if any(alike(mark, other) >= NEAR for size in sizes for other in self._kept.get(size, ())):
            return "near duplicate"
        self._keep(mark)
        return ""

    def _keep(self, mark: int) -> None:
        self._kept.setdefault(mark.bit_count(), []).append(mark)


def fault_of(wording: Wording, rules: Rules) -> str:
    """The name of the first check that `wording` fails by itself, or nothing."""
    return next(faults_of(wording, rules), "")


def faults_of(wording: Wording, rules: Rules) -> Iterator[str]:
    """The names of all checks that `wording` fails by itself."""
    if not wording.text.strip():
        yield "empty"
    asked = wording.features.mentions
    counts = [wording.mentions_of(token) for token in rules.tokens]
    if any(count != asked if asked else count == 0 for count in counts):
        yield "token"
    if any(secret_in(secret, wording.text) for secret in rules.secrets):
        yield "secret"
    if rules.negators == "as_instruction" and negators(wording.text) != negators(rules.instruction):
        yield "negation"
    if len(wording.text.split()) > max(LONGEST, TIMES * len(rules.instruction.split())):
        yield "length"
    if _OPEN_SLOT.search(_without(wording.text, rules.tokens)) and not _OPEN_SLOT.search(rules.instruction):
        yield "open slot"
    if _ABOVE.search(wording.before) or _BELOW.search(wording.after):
        yield "points the wrong way"


def negators(text: str) -> Counter[str]:
    """The words of `text` that negate or forbid, "n't" as "not"; an instruction and its wordings have the same."""
    return Counter("not" if found.lower() in ("n't", "n’t") else found.lower() for found in _NEGATORS.findall(text))


def secret_in(secret: str, text: str) -> bool:
    """Whether `text` says `secret`: in whole words, whatever their case, its last word in any of its forms."""
    wanted, words = _words(secret), _words(text)
    if not wanted:
        return False
    spans = (words[at : at + len(wanted)] for at in range(len(words) - len(wanted) + 1))
    return any(span[:-1] == wanted[:-1] and _same_word(span[-1], wanted[-1]) for span in spans)


def runs(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of `FEWEST` to `RUN` words."""
    words = tuple(_words(text))
    yield from (words[at : at + n] for n in range(FEWEST, RUN + 1) for at in range(len(words) - n + 1))


def _telling(text: str) -> Iterator[tuple[str, ...]]:
    """The runs by which `text` is known: those of `RUN` words; the whole of a shorter one."""
    words = tuple(_words(text))
    length = min(RUN, len(words))
    yield from (words[at : at + length] for at in range(len(words) - length + 1) if length >= FEWEST)


def _same_word(one: str, other: str) -> bool:
    return one in forms_of(other) or other in forms_of(one)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(text)]


def _without(text: str, parts: Iterable[str]) -> str:
    for part in parts:
        text = text.replace(part, " ")
    return text
