"""Long passages that two sides share: n-grams of words, as GPT-3 (appendix C) and PaLM measured contamination.

A text shorter than n words, down to `SHORTEST`, is one gram by itself: found whole inside a longer one, on either
side (GPT-3 lowers n to the length of short examples in the same way). Memory grows with the unseen side only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SHORTEST = 8  # words below which a text found inside another one says nothing

Hashes = NDArray[np.uint64]
Indexes = NDArray[np.int64]

FACTOR = np.uint64(0x9E3779B97F4A7C15)
MIX = np.uint64(0xBF58476D1CE4E5B9)


class Grams(NamedTuple):
    """Grams of several texts, four arrays of equal length: hash, index of the text, first word, length in words."""

    hashes: Hashes
    text: Indexes
    start: Indexes
    length: Indexes

    def where(self, chosen: NDArray[np.bool_] | Indexes) -> Grams:
        return Grams(self.hashes[chosen], self.text[chosen], self.start[chosen], self.length[chosen])


def grams_of(texts: Sequence[str], n: int) -> tuple[Grams, NDArray[np.bool_]]:
    """All grams of min(SHORTEST, n) to n words of `texts` (words with single spaces); which are a whole short text."""
    split = [text.split(" ") for text in texts]
    sizes = np.fromiter(map(len, split), np.int64, len(split))
    words = np.fromiter((hash(word) for each in split for word in each), np.int64, int(sizes.sum())).astype(np.uint64)
    owner = np.repeat(np.arange(len(texts)), sizes)
    start = np.arange(len(words)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    left = sizes[owner] - start  # words from here to the end of the text
    hashes = np.zeros(len(words), dtype=np.uint64)
    found: list[Grams] = []
    for length in range(1, n + 1):
        later = words[length - 1 :]
        hashes[: len(later)] = hashes[: len(later)] * FACTOR + later
        if length >= min(SHORTEST, n):
            fits = np.flatnonzero(left >= length)
            found.append(Grams(_mixed(hashes[fits], length), owner[fits], start[fits], np.full(len(fits), length)))
    grams = Grams(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
    return grams, (grams.length < n) & (sizes[grams.text] == grams.length)


class GramIndex:
    """The distinct grams of the unseen side's texts, numbered, and the texts that hold each of them.

    Grams below `units` are n-grams or whole short texts: any text may hold them. Those from `units` on are shorter
    parts of longer texts: only a whole short text may be one.
    """

    def __init__(self, texts: Sequence[str], n: int) -> None:
        grams, short = grams_of(texts, n)
        self.n, self.texts = n, texts
        self._units = _Table(grams.where(short | (grams.length == n)))
        self._parts = _Table(grams.where(~short & (grams.length < n)))
        self.units = len(self._units.hashes)

    def __len__(self) -> int:
        return self.units + len(self._parts.hashes)

    def hits(self, texts: Sequence[str]) -> tuple[Indexes, Indexes]:
        """Index into `texts` and number of the gram, for every gram of the unseen side that a text holds, once each."""
        grams, short = grams_of(texts, self.n)
        at, unit = self._units.find(grams.hashes)
        whole = grams.where(short)
        part_at, part = self._parts.find(whole.hashes)
        text = np.concatenate([grams.text[at], whole.text[part_at]])
        gram = np.concatenate([unit, part + self.units])
        once = np.unique(text * (len(self) + 1) + gram)
        return np.divmod(once, len(self) + 1)

    def holders(self, grams: Indexes) -> tuple[Indexes, Indexes]:
        """Index into `grams` and index of the text, for every text of the unseen side that holds one of `grams`."""
        at, text = self._units.holders(grams)
        part_at, part_text = self._parts.holders(grams - self.units)
        return np.concatenate([at, part_at]), np.concatenate([text, part_text])

    def words(self, gram: int) -> str:
        """The words of a gram."""
        table, number = (self._units, gram) if gram < self.units else (self._parts, gram - self.units)
        text, start, length = table.place(number)
        return " ".join(self.texts[text].split(" ")[start : start + length])


class _Table:
    """Distinct hashes in order, with their occurrences; a bitmap answers most of the misses in one look."""

    def __init__(self, grams: Grams) -> None:
        self._grams = grams.where(np.argsort(grams.hashes, kind="stable"))
        self.hashes, self._first = np.unique(self._grams.hashes, return_index=True)
        self._last = np.append(self._first[1:], len(self._grams.hashes))
        self._low = np.uint64((1 << max(16, (4 * len(self.hashes)).bit_length())) - 1)
        self._bitmap = np.zeros(int(self._low) + 1, dtype=np.bool_)
        self._bitmap[self.hashes & self._low] = True

    def find(self, hashes: Hashes) -> tuple[Indexes, Indexes]:
        """Indexes into `hashes` of those in the table, and their numbers."""
        maybe = np.flatnonzero(self._bitmap[hashes & self._low])
        number = np.searchsorted(self.hashes, hashes[maybe])
        number[number == len(self.hashes)] = 0
        there = self.hashes[number] == hashes[maybe] if len(self.hashes) else np.zeros(len(maybe), dtype=np.bool_)
        return maybe[there], number[there]

    def holders(self, numbers: Indexes) -> tuple[Indexes, Indexes]:
        ours = np.flatnonzero((numbers >= 0) & (numbers < len(self.hashes)))
        first, last = self._first[numbers[ours]], self._last[numbers[ours]]
        at = np.repeat(ours, last - first)
        offset = np.arange(len(at)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
        return at, self._grams.text[np.repeat(first, last - first) + offset]

    def place(self, number: int) -> tuple[int, int, int]:
        at = self._first[number]
        return int(self._grams.text[at]), int(self._grams.start[at]), int(self._grams.length[at])


def _mixed(hashes: Hashes, length: int) -> Hashes:
    """Grams of different lengths never meet, and the low bits are as good as the high ones."""
    hashes = (hashes ^ (hashes >> np.uint64(32)) ^ np.uint64(length)) * MIX
    return hashes ^ (hashes >> np.uint64(29))
