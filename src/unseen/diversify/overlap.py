"""Texts that stand in the rows of tasks as well: the hold-out's own comparison, of single texts with whole tasks.

As there, texts meet that are equal, short and nearly equal, or share a 13-gram. Nothing is excused as wording: what is
made in any number is rather left out. Beyond it, a text of three words or more that equals one column of a row meets
it, however short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from unseen.data.dataset import Row
from unseen.data.rows import open_rows
from unseen.diversify.drops import Fault
from unseen.recipe import HoldOutSettings
from unseen.task.content import Columns
from unseen.task.leakage import UnseenTexts
from unseen.task.task import Task
from unseen.task.texts import WHOLE, SideRows, Text, TextTable
from unseen.task.words import normalised

ALONE = Columns(frozenset(), frozenset(), "", frozenset())
LEAST_WORDS = 3
AS_HOLD_OUT = HoldOutSettings()


@dataclass(frozen=True, slots=True)
class Met:
    """A row that a text meets, as `cluster/dataset/split/number`, how, and the words that they share or that it has."""

    row: str
    kind: str
    words: str

    @property
    def fault(self) -> Fault:
        return Fault(f"{self.kind} in {self.row.rsplit('/', 1)[0]}", f"{self.row}: {self.words}")


class TaskTexts:
    """The texts of all splits of tasks. Memory grows with these."""

    def __init__(self, tasks: Iterable[Task], settings: HoldOutSettings = AS_HOLD_OUT) -> None:
        self._sides = list(_sides(tasks))
        self._index = UnseenTexts([TextTable(side, WHOLE) for side in self._sides], settings)
        self._cells = {cell: place for place in self._places() for cell in self._cells_of(*place)}

    def met(self, texts: Sequence[str]) -> list[Met | None]:
        """For each of `texts` a row that holds it, or part of it; None where no row does."""
        table = TextTable(SideRows("texts", [Row("", i, {"text": text}) for i, text in enumerate(texts)], ALONE), WHOLE)
        found: dict[int, Met] = {}
        for key, meeting in self._meetings(list(table.read())):
            for place in table.rows_with(key).tolist():
                found.setdefault(place, meeting)
        return [found.get(place) or self._equal(text) for place, text in enumerate(texts)]

    def as_json(self) -> list[dict[str, Any]]:
        """What was compared: rows, distinct texts and a digest of each task's split."""
        tables = self._index.tables
        return [{"rows_of": t.compared.dataset, "rows": t.compared.rows, "digest": t.compared.digest} for t in tables]

    def _meetings(self, texts: Sequence[Text]) -> Iterator[tuple[int, Met]]:
        """Key of one of `texts` and what it meets, equal ones first."""
        for each in self._index.alike(texts):
            kind = "equal to a text" if each.kind == "equal" else "nearly equal to a text"
            yield each.seen, Met(self._row(each.unseen), kind, self._index.words[each.unseen])
        for each in self._index.sharing(*self._index.grams_in(texts)):
            words = "" if each.gram is None else self._index.grams.words(each.gram)
            yield each.seen, Met(self._row(each.unseen), "shares a passage with a text", words)

    def _equal(self, text: str) -> Met | None:
        place = self._cells.get(hash(normalised(text)))
        return None if place is None else Met(self._named(*place), "equal to a text", normalised(text))

    def _row(self, key: int) -> str:
        table, place = next(self._index.rows_with(key))
        return f"{table.side.name}/{table.side.rows[place].index}"

    def _named(self, side: int, place: int) -> str:
        return f"{self._sides[side].name}/{self._sides[side].rows[place].index}"

    def _places(self) -> Iterable[tuple[int, int]]:
        return ((number, place) for number, side in enumerate(self._sides) for place in range(len(side.rows)))

    def _cells_of(self, side: int, place: int) -> Iterable[int]:
        content = self._sides[side].columns.content(self._sides[side].rows[place])
        return (hash(cell) for cell in content.cells if cell.count(" ") + 1 >= LEAST_WORDS)


def _sides(tasks: Iterable[Task]) -> Iterable[SideRows]:
    by_dataset: dict[str, list[Task]] = {}
    for task in tasks:
        by_dataset.setdefault(task.dataset.task, []).append(task)
    for name, same in by_dataset.items():
        columns = Columns.of(same)
        for split in same[0].dataset.splits:
            yield SideRows(f"{name}/{split}", open_rows(same[0].dataset, split), columns)
