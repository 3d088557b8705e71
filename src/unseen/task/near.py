"""Short texts of two sides that are nearly the same: rapidfuzz's normalised indel similarity, without false negatives.

Comparing every pair would take minutes, so two bounds come first, and both are exact. Lengths: the similarity of
texts of a and b characters is at most 2 min(a, b) / (a + b). Letters: each insertion or deletion changes the count of
one character by one, so the texts' character counts differ by at most (1 - near)(a + b). The counts are held as
thermometer codes of 16 levels for 32 groups of characters: the difference is a popcount of 512 bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

SHORTEST, LONGEST = 5, 64  # words; shorter texts must be equal, longer ones share n-grams
LONGEST_CHARACTERS = 512
GROUPS, LEVELS = 32, 16
TILE, BAND = 32, 4096  # pairs compared at once; the arrays stay in the processor's cache

Codes = NDArray[np.uint64]


def is_short(text: str) -> bool:
    """Whether `text` (words with single spaces) is compared as a near-duplicate."""
    return len(text) <= LONGEST_CHARACTERS and SHORTEST <= text.count(" ") + 1 <= LONGEST


class NearIndex:
    """The unseen side's short texts, in order of length."""

    def __init__(self, texts: Sequence[str], near: float) -> None:
        self.near = near
        self.order = np.argsort(np.fromiter(map(len, texts), np.int64, len(texts)), kind="stable")
        self.texts = [texts[i] for i in self.order]
        self.lengths = np.fromiter(map(len, self.texts), np.int64, len(texts))
        self.codes = np.ascontiguousarray(_codes(self.texts).T)

    def hits(self, texts: Sequence[str]) -> Iterator[tuple[int, int, float]]:
        """Index into `texts`, index of an unseen text, and their similarity (`near` to 1), for all similar pairs.

        Texts whose numbers differ are different, however alike: "what is 12 plus 35", "what is 12 plus 36".
        """
        order = np.argsort(np.fromiter(map(len, texts), np.int64, len(texts)), kind="stable")
        ordered = [texts[i] for i in order]
        codes = _codes(ordered)
        for start in range(0, len(ordered), TILE):
            tile = ordered[start : start + TILE]
            for here, there, similarity in self._tile(tile, codes[start : start + TILE]):
                yield int(order[start + here]), int(self.order[there]), similarity

    def _tile(self, texts: Sequence[str], codes: Codes) -> Iterator[tuple[int, int, float]]:
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        stretch = (2 - self.near) / self.near  # how much longer one of two similar texts can be
        low = int(np.searchsorted(self.lengths, lengths[0] / stretch - 1))
        high = int(np.searchsorted(self.lengths, lengths[-1] * stretch + 1, side="right"))
        for start in range(low, high, BAND):
            band = slice(start, min(start + BAND, high))
            here, there = self._candidates(lengths, codes, band)
            left, right = [texts[i] for i in here], [self.texts[i] for i in there]
            scores = process.cpdist(left, right, scorer=fuzz.ratio, score_cutoff=100 * self.near - 1e-6)
            for at in np.flatnonzero(scores > 0).tolist():
                if _numbers(left[at]) == _numbers(right[at]):
                    yield int(here[at]), int(there[at]), float(scores[at]) / 100

    def _candidates(self, lengths: NDArray[np.int64], codes: Codes, band: slice) -> tuple[NDArray[np.int64], ...]:
        apart = np.zeros((len(lengths), band.stop - band.start), dtype=np.uint16)
        for word in range(codes.shape[1]):
            apart += np.bitwise_count(codes[:, word, None] ^ self.codes[word, None, band])
        allowed = (1 - self.near) * (lengths[:, None] + self.lengths[None, band]) + 1e-6
        here, there = np.nonzero(apart <= allowed)
        return here, there + band.start


def _codes(texts: Sequence[str]) -> Codes:
    """Thermometer codes of the texts' character counts, uint64 [texts, 8]."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    points = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    cells = np.repeat(np.arange(len(texts)), sizes) * GROUPS + points % GROUPS
    counts = np.bincount(cells, minlength=len(texts) * GROUPS).reshape(len(texts), GROUPS, 1)
    bits = np.packbits(counts > np.arange(LEVELS), axis=-1)
    return bits.reshape(len(texts), GROUPS * LEVELS // 8).view(np.uint64)


def _numbers(text: str) -> list[str]:
    return sorted(word for word in text.split(" ") if any(c.isdigit() for c in word))
