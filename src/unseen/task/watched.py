"""Rows that tell how many of them were read, so that a comparison of many can say how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

from unseen.data.dataset import Row
from unseen.phases import Advance
from unseen.task.texts import SideRows

EVERY = 256  # rows between two times that it is told

Sides = tuple[list[SideRows], list[SideRows]]


def watched(sides: Sides, progress: Advance) -> Sides:
    """The same sides; `progress` gets how many of all their rows were read. What it raises ends the reading."""
    told = _Count(progress, sum(len(each.rows) for side in sides for each in side))
    seen, unseen = ([replace(each, rows=_Watched(each.rows, told)) for each in side] for side in sides)
    return seen, unseen


@dataclass(slots=True)
class _Count:
    progress: Advance
    total: int
    done: int = 0

    def more(self, rows: int) -> None:
        self.done = min(self.done + rows, self.total)  # the unseen rows may be gone through once more at the end
        self.progress(self.done, self.total)


@dataclass(frozen=True, slots=True, eq=False)
class _Watched(Sequence[Row]):
    rows: Sequence[Row]
    told: _Count

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        return self.rows[index]

    def __iter__(self) -> Iterator[Row]:
        place = -1
        for place, row in enumerate(self.rows):
            if place % EVERY == EVERY - 1:
                self.told.more(EVERY)
            yield row
        self.told.more((place + 1) % EVERY)
