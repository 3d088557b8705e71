"""Looks through wordings that a person wrote or changed: the checks of `checks.py`, each with a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from unseen.diversify.checks import NEAR, Rules, faults_of
from unseen.diversify.similarity import Likeness, alike
from unseen.diversify.wording import WordingSet
from unseen.errors import UserMistake, WordingMistake, raise_all

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


def check_wordings(wordings: WordingSet, where: str) -> None:
    """Raise every mistake in the texts of `wordings` at once: what each says, two that say nearly the same, and a test
    wording made of a frame that a train wording has too."""
    rules = Rules(wordings.instruction, wordings.tokens, wordings.secrets, wordings.shared)
    found: list[UserMistake] = []
    for wording in wordings.wordings:
        told = (TOLD[fault] for fault in faults_of(wording, rules))
        found += [WordingMistake(f"{where}, '{wording.name}'", what, remedy) for what, remedy in told]
    for wording in (*wordings.special, *wordings.contrast):
        if "secret" in faults_of(wording, rules):
            found.append(WordingMistake(f"{where}, '{wording.name}'", *TOLD["secret"]))
    raise_all([*found, *_repeated(wordings, where), *_on_both_sides(wordings, where)])


def _repeated(wordings: WordingSet, where: str) -> Iterator[UserMistake]:
    """Wordings that say nearly what one before them says, of whichever side."""
    likeness = Likeness(wordings.shared)
    marks: list[int] = []
    for wording in wordings.wordings:
        mark = likeness.mark(wording.text)
        most, place = max(((alike(mark, other), n) for n, other in enumerate(marks)), default=(0.0, 0))
        marks.append(mark)
        if most >= NEAR:
            how = "the same" if most == 1 else f"nearly the same (similarity {most:.2f})"
            what = f"says {how} as '{wordings.wordings[place].name}'"
            yield WordingMistake(f"{where}, '{wording.name}'", what, "reword one of them, or leave it out")


def _on_both_sides(wordings: WordingSet, where: str) -> Iterator[UserMistake]:
    trained = {frame for each in wordings.of_side("train") for frame in each.features.frames}
    for wording in (*wordings.of_side("test"), *wordings.special):
        if shared := sorted(trained.intersection(wording.features.frames)):
            what = f"is made of the frame '{shared[0]}', which train wordings have too"
            yield WordingMistake(f"{where}, '{wording.name}'", what, "move it to 'train:', or leave it out")
