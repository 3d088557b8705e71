"""Short texts of two sides that are nearly the same: rapidfuzz's indel similarity, without false negatives.

Nearly the same means: at least `near` alike letter by letter, with at least half of the distinct words in common, and
with the same numbers. Half of the words is no strong claim (who changes every word of a copy?), but it lets most pairs
be told apart quickly and exactly: the words of a text are marked in 512 bits, and where two texts differ in more bits
than half of their words, they differ in more words. Lengths tell the rest: similar texts of a and b characters are at
most (1 - near)(a + b) apart. Of pairs of real texts of similar length, 0.2 % are left to be compared letter by letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

SHORTEST, LONGEST = 5, 64  # words; shorter texts must be equal, longer ones share n-grams
LONGEST_CHARACTERS = 512
SHARED_WORDS = 0.5
BITS = 512
TILE, BAND = 32, 4096  # texts compared at once; the arrays stay in the processor's cache

Bits = NDArray[np.uint64]
Numbers = NDArray[np.int64]


def is_short(text: str) -> bool:
    """Whether `text` (words with single spaces) is compared as a near-duplicate."""
    return len(text) <= LONGEST_CHARACTERS and SHORTEST <= text.count(" ") + 1 <= LONGEST


class NearIndex:
    """The unseen side's short texts, in order of length."""

    def __init__(self, texts: Sequence[str], near: float) -> None:
        self.near = near
        self.order = np.argsort(_lengths(texts), kind="stable")
        self.texts = [texts[i] for i in self.order]
        self.lengths = _lengths(self.texts)
        bits, self.words = _marked(self.texts)
        self.bits = np.ascontiguousarray(bits.T)

    def hits(self, texts: Sequence[str]) -> Iterator[tuple[int, int, float]]:
        """Index into `texts`, index of an unseen text, and their similarity (`near` to 1), for all similar pairs."""
        order = np.argsort(_lengths(texts), kind="stable")
        for start in range(0, len(texts), TILE):
            tile = order[start : start + TILE]
            for here, there, similarity in self._tile([texts[i] for i in tile]):
                yield int(tile[here]), int(self.order[there]), similarity

    def _tile(self, texts: Sequence[str]) -> Iterator[tuple[int, int, float]]:
        bits, words = _marked(texts)
        stretch = (2 - self.near) / self.near  # how much longer one of two similar texts can be
        low = int(np.searchsorted(self.lengths, len(texts[0]) / stretch - 1))
        high = int(np.searchsorted(self.lengths, len(texts[-1]) * stretch + 1, side="right"))
        for start in range(low, high, BAND):
            here, there = self._candidates(bits, words, slice(start, min(start + BAND, high)))
            left, right = [texts[i] for i in here], [self.texts[i] for i in there]
            scores = process.cpdist(left, right, scorer=fuzz.ratio, score_cutoff=100 * self.near - 1e-6)
            for at in np.flatnonzero(scores > 0).tolist():
                if _same_numbers(left[at], right[at]) and _share_words(left[at], right[at]):
                    yield int(here[at]), int(there[at]), float(scores[at]) / 100

    def _candidates(self, bits: Bits, words: Numbers, band: slice) -> tuple[Numbers, Numbers]:
        """Pairs of a tile's and a band's texts that can have half of their words in common."""
        apart = np.zeros((len(words), band.stop - band.start), dtype=np.uint16)
        for part in range(bits.shape[1]):
            apart += np.bitwise_count(bits[:, part, None] ^ self.bits[part, None, band])
        here, there = np.nonzero(apart <= (1 - SHARED_WORDS) * (words[:, None] + self.words[None, band]))
        return here, there + band.start


def _marked(texts: Sequence[str]) -> tuple[Bits, Numbers]:
    """A bit for each distinct word, uint64 [texts, 8] (words may fall together), and the numbers of distinct words."""
    distinct = [set(text.split(" ")) for text in texts]
    sizes = np.fromiter(map(len, distinct), np.int64, len(texts))
    places = np.fromiter((hash(word) % BITS for words in distinct for word in words), np.int64, int(sizes.sum()))
    marks = np.zeros((len(texts), BITS), dtype=np.bool_)
    marks[np.repeat(np.arange(len(texts)), sizes), places] = True
    return np.packbits(marks, axis=1).view(np.uint64), sizes


def _lengths(texts: Sequence[str]) -> Numbers:
    return np.fromiter(map(len, texts), np.int64, len(texts))


def _share_words(one: str, other: str) -> bool:
    left, right = set(one.split(" ")), set(other.split(" "))
    return len(left ^ right) <= (1 - SHARED_WORDS) * (len(left) + len(right))


def _same_numbers(one: str, other: str) -> bool:
    """Questions that differ in a number differ, however alike they are ("what is 12 plus 35")."""
    left, right = (sorted(word for word in text.split(" ") if any(map(str.isdigit, word))) for text in (one, other))
    return left == right
