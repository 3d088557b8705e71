"""How alike two wordings are: Jaccard similarity of their words and pairs of words.

Case, punctuation and line breaks make no difference: two wordings that differ in typography alone are the same. What
every wording of an instruction must say (its task, its tokens) can be left out as one word, so that what is compared is
how it is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from unseen.diversify.wording import Wording

_WORD = re.compile(r"<[^<>\s]+>|\w+(?:['’]\w+)?")
TASK = " taskitself "  # stands for the words that all wordings share


def words_of(text: str, shared: Sequence[str] = ()) -> tuple[str, ...]:
    """The words of `text` in lower case; each of `shared`, where it stands in `text`, is one word."""
    text = " ".join(text.lower().split())
    for each in shared:
        text = text.replace(" ".join(each.lower().split()), TASK)
    return tuple(_WORD.findall(text))


class Likeness:
    """Compares texts quickly: words and pairs of words are bits, numbered as they are first seen."""

    def __init__(self, shared: Sequence[str] = ()) -> None:
        self.shared = tuple(shared)
        self._bits: dict[tuple[str, ...], int] = {}

    def mark(self, text: str) -> int:
        """The words and pairs of words of `text`, as bits."""
        words = words_of(text, self.shared)
        grams = {(word,) for word in words} | set(pairwise(words))
        mark = 0
        for gram in grams:
            mark |= 1 << self._bits.setdefault(gram, len(self._bits))
        return mark


def alike(one: int, other: int) -> float:
    """Jaccard similarity of two marks, 0 to 1; two texts without a word are equal."""
    either = (one | other).bit_count()
    return (one & other).bit_count() / either if either else 1.0


def between_sides(wordings: Sequence[Wording]) -> float | None:
    """The largest similarity between a train and a test wording, the words that all share counted too; None where a
    side is empty."""
    likeness = Likeness()
    train, test = ([likeness.mark(each.text) for each in wordings if each.side == side] for side in ("train", "test"))
    most = max((alike(one, other) for one in train for other in test), default=None)
    return most if most is None else round(most, 3)
