"""Looks through wordings that a person wrote or changed: the checks of `checks.py`, each with a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from unseen.diversify.checks import NEAR, Rules, faults_of
from unseen.diversify.similarity import Likeness, alike, words_of
from unseen.diversify.wording import Wording, WordingSet
from unseen.errors import WordingMistake, raise_all

# What a fault is called in a sentence, and what to do about it.
TOLD: Mapping[str, tuple[str, str]] = {
    "empty": ("has no text", "write 'before:' or 'after:'"),
    "token": ("does not name every token as often as it should", "name it, or change 'mentions'"),
    "secret": ("says a secret word", "reword it"),
    "negation": ("negates or forbids otherwise than the instruction", "reword it, or move it under 'special:'"),
    "length": ("is much longer than the instruction", "shorten it"),
    "open slot": ("has a slot that nobody filled", "fill it"),
    "points the wrong way": ("says where the input is, and it is elsewhere", "say 'above' after it, 'below' before it"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong with the wording of this name, and what to do about it."""

    name: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


def check_wordings(wordings: WordingSet, where: str) -> None:
    """Raise every mistake in the texts of `wordings` at once."""
    found = faults_in(wordings)
    raise_all([WordingMistake(f"{where}, '{each.name}'", each.what, each.remedy) for each in found])


def faults_in(wordings: WordingSet) -> list[Found]:
    """What the wordings say that they should not, two that say nearly the same, and what keeps the sides from being
    apart: a test wording made of a frame that a train wording has too, a special one that is tuned on."""
    rules = Rules(wordings.instruction, wordings.tokens, wordings.secrets, wordings.shared)
    found = [Found(each.name, *TOLD[fault]) for each in wordings.wordings for fault in faults_of(each, rules)]
    beside = (*wordings.special, *wordings.contrast)
    found += [Found(each.name, *TOLD["secret"]) for each in beside if "secret" in faults_of(each, rules)]
    return [*found, *_repeated(wordings), *_on_both_sides(wordings), *_special_tuned_on(wordings)]


def _repeated(wordings: WordingSet) -> Iterator[Found]:
    """Wordings that say nearly what the instruction, which is tuned on too, or one before them says, of either side."""
    likeness = Likeness(wordings.shared)
    marks: list[int] = []
    holders: dict[int, list[int]] = {}  # places of the wordings that may be so alike, by their telling bits
    own = Wording("the instruction", wordings.instruction, "")
    known = (own, *wordings.wordings)
    for place, wording in enumerate(known):
        mark = likeness.mark(wording.text)
        bits = _telling(mark)
        others = {other for bit in bits for other in holders.get(bit, ())}
        most, other = max(((alike(mark, marks[each]), each) for each in others), default=(0.0, 0))
        marks.append(mark)
        for bit in bits:
            holders.setdefault(bit, []).append(place)
        if most >= NEAR:
            how = "the same" if most == 1 else f"nearly the same (similarity {most:.2f})"
            name = own.name if other == 0 else f"'{known[other].name}'"
            what = f"says {how} as {name}"
            yield Found(wording.name, what, "reword one of them, or leave it out")


def _telling(mark: int) -> list[int]:
    """The highest bits of a mark, so many that two marks with a Jaccard similarity of `NEAR` share one of them (prefix
    filtering, Chaudhuri et al. 2006); -1 for a mark without a bit."""
    count = mark.bit_count()
    found: list[int] = []
    for _ in range(count - ceil(NEAR * count - 1e-9) + 1 if count else 0):
        found.append(mark.bit_length() - 1)
        mark ^= 1 << found[-1]
    return found or [-1]


def _on_both_sides(wordings: WordingSet) -> Iterator[Found]:
    trained = {frame for each in wordings.of_side("train") for frame in each.features.frames}
    for wording in (*wordings.of_side("test"), *wordings.special):
        if shared := sorted(trained.intersection(wording.features.frames)):
            what = f"is made of the frame '{shared[0]}', which train wordings have too"
            yield Found(wording.name, what, "move it to 'train:', or leave it out")


def _special_tuned_on(wordings: WordingSet) -> Iterator[Found]:
    """Special wordings in the words of one that is tuned on: of the train side, or of the pairs for contrast."""
    tuned_on = {words_of(each.text): each.name for each in (*wordings.of_side("train"), *wordings.contrast)}
    for wording in wordings.special:
        if name := tuned_on.get(words_of(wording.text)):
            what = f"says the same as '{name}', which is tuned on"
            yield Found(wording.name, what, "reword one of them, or leave it out")
