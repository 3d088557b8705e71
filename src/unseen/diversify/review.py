"""Looks through wordings that a person wrote or changed: the checks of `checks.py`, each with a remedy."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
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
MEASURED = ("empty", "token", "secret")  # faults with which a score would say something else than it seems to


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
    _raise(faults_in(wordings), where)


def check_apart(wordings: WordingSet, where: str) -> None:
    """Raise every mistake that would make what is measured another thing, at once: a wording without its tokens, a
    secret word, and one that is asked and tuned on too. What is only put badly may be as its author wants it."""
    _raise([*_said_wrong(wordings, MEASURED), *_asked_and_tuned_on(wordings)], where)


def faults_in(wordings: WordingSet) -> list[Found]:
    """What the wordings say that they should not, two that say nearly the same, and what keeps the sides from being
    apart: a test wording made of a frame that a train wording has too, a special one that is tuned on."""
    return [*_said_wrong(wordings, TOLD), *_repeated(wordings), *_on_both_sides(wordings), *_special_tuned_on(wordings)]


def _raise(found: Iterable[Found], where: str) -> None:
    raise_all([WordingMistake(f"{where}, '{each.name}'", each.what, each.remedy) for each in found])


def _said_wrong(wordings: WordingSet, faults: Container[str]) -> Iterator[Found]:
    """What single wordings say, of these `faults`; special and contrast ones are only looked through for secrets."""
    rules = Rules(wordings.instruction, wordings.tokens, wordings.secrets, wordings.shared)
    for each in wordings.wordings:
        yield from (Found(each.name, *TOLD[fault]) for fault in faults_of(each, rules) if fault in faults)
    for each in (*wordings.special, *wordings.contrast):
        if "secret" in faults_of(each, rules):
            yield Found(each.name, *TOLD["secret"])


def _asked_and_tuned_on(wordings: WordingSet) -> Iterator[Found]:
    """Test and special wordings that say what is tuned on, or are made of its frames."""
    tuned_on = _Held(wordings, wordings.of_side("train"))
    yield from (found for each in wordings.of_side("test") if (found := tuned_on.fault_of(each)))
    yield from (*_on_both_sides(wordings), *_special_tuned_on(wordings))


def _repeated(wordings: WordingSet) -> Iterator[Found]:
    """Wordings that say nearly what the instruction, which is tuned on too, or one before them says, of either side."""
    before = _Held(wordings)
    for wording in wordings.wordings:
        if found := before.fault_of(wording):
            yield found
        before.add(wording)


class _Held:
    """The instruction and further wordings, which others are held against."""

    def __init__(self, wordings: WordingSet, held: Iterable[Wording] = ()) -> None:
        self._likeness = Likeness(wordings.shared)
        self._marks: list[int] = []
        self._names: list[str] = []
        self._holders: dict[int, list[int]] = {}  # places of those that may be so alike, by their telling bits
        self._add("the instruction", wordings.instruction)
        for each in held:
            self.add(each)

    def add(self, wording: Wording) -> None:
        self._add(f"'{wording.name}'", wording.text)

    def fault_of(self, wording: Wording) -> Found | None:
        """Whether `wording` says nearly the same as one of them."""
        mark = self._likeness.mark(wording.text)
        others = {other for bit in _telling(mark) for other in self._holders.get(bit, ())}
        most, other = max(((alike(mark, self._marks[each]), each) for each in others), default=(0.0, 0))
        if most < NEAR:
            return None
        how = "the same" if most == 1 else f"nearly the same (similarity {most:.2f})"
        return Found(wording.name, f"says {how} as {self._names[other]}", "reword one of them, or leave it out")

    def _add(self, name: str, text: str) -> None:
        mark = self._likeness.mark(text)
        for bit in _telling(mark):
            self._holders.setdefault(bit, []).append(len(self._marks))
        self._marks.append(mark)
        self._names.append(name)


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
