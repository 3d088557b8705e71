"""The texts that a dataset brings to one side of a comparison, and the rows that hold each of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from unseen.data.dataset import Row
from unseen.task.content import Columns, Content

CELL = 8  # words below which the text of one column says nothing by itself
LONG = 13  # words from which it always does; in between (an address, opening hours) only where it is most of the row
WHOLE = 3  # words below which a whole row says nothing outside its own dataset


@dataclass(frozen=True, slots=True)
class SideRows:
    """The rows that one dataset brings to a side; `name` is `cluster/dataset`."""

    name: str
    rows: Sequence[Row]
    columns: Columns


@dataclass(frozen=True, slots=True)
class Text:
    """A normalised text: one column's own (`cell`), or all columns of a row together."""

    key: int
    words: str
    cell: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """What of a dataset was compared: rows, rows without a text, distinct texts, and a digest of the texts."""

    dataset: str
    rows: int
    without_text: int
    texts: int
    digest: str


class TextTable:
    """Which rows of a dataset hold which text: 16 bytes an occurrence, whatever the texts' length."""

    def __init__(self, side: SideRows, shortest: int) -> None:
        self.side, self.shortest = side, shortest
        self.without_text = 0
        self._keys, self._places = array("q"), array("q")
        self._known: set[int] = set()
        self._digest = blake2b(digest_size=16)

    def read(self) -> Iterator[Text]:
        """Read all rows, giving each distinct text once, when it is first met. To be exhausted before all else."""
        for place, row in enumerate(self.side.rows):
            texts = list(_texts_of(self.side.columns.content(row), self.shortest))
            self.without_text += not texts
            for text in texts:
                self._keys.append(text.key)
                self._places.append(place)
                self._digest.update(text.key.to_bytes(8, "little", signed=True))
                if text.key not in self._known:
                    self._known.add(text.key)
                    yield text
            self._digest.update(b"\n")

    def rows_with(self, key: int) -> NDArray[np.int64]:
        """Places of the rows that hold the text `key`, in order."""
        keys, places = self._by_key
        return places[np.searchsorted(keys, key) : np.searchsorted(keys, key, side="right")]

    def repeated(self, times: float) -> NDArray[np.int64]:
        """Keys of the texts that stand in more rows than `times`."""
        keys, counts = np.unique(self._by_key[0], return_counts=True)
        return keys[counts > times]

    def words(self, place: int, key: int) -> str:
        """The text `key` of the row at `place`, read again."""
        texts = _texts_of(self.side.columns.content(self.side.rows[place]), self.shortest)
        return next(text.words for text in texts if text.key == key)

    @property
    def compared(self) -> Compared:
        rows, texts = len(self.side.rows), len(self._known)
        return Compared(self.side.name, rows, self.without_text, texts, self._digest.hexdigest())

    @cached_property
    def _by_key(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        keys, places = np.array(self._keys, dtype=np.int64), np.array(self._places, dtype=np.int64)
        order = np.lexsort((places, keys))
        return keys[order], places[order]


def _texts_of(content: Content, shortest: int) -> Iterator[Text]:
    sizes = [cell.count(" ") + 1 for cell in content.cells]
    for cell, size in zip(content.cells, sizes, strict=True):
        if cell != content.whole and size >= CELL and (size >= LONG or 2 * size >= sum(sizes)):
            yield Text(_key(cell), cell, cell=True)
    if content.whole and content.whole.count(" ") + 1 >= shortest:
        yield Text(_key(content.whole), content.whole, cell=content.whole in content.cells)


def _key(words: str) -> int:
    return int.from_bytes(blake2b(words.encode(), digest_size=8).digest(), "little", signed=True)
