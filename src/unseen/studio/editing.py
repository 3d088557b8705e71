"""What the Templates page is about to show: a dataset, one of its templates as it is typed, and rows to show it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from unseen.data.dataset import Dataset, Row
from unseen.errors import TaskMistake, UserMistake, nearest
from unseen.prompt.template import Template
from unseen.studio.drafts import entry_of, fields_of, starter, template_of
from unseen.studio.opening import StillReading, openings
from unseen.studio.row_names import row_place, row_place_from, said_row
from unseen.studio.saving import Place, free_name, place_of, templates_over
from unseen.studio.workspace import Workspace
from unseen.task.variants import base_name

SEVERAL = ("1", "3", "10")  # rows that may be shown at once
NEW = "new"


@dataclass(frozen=True, slots=True)
class View:
    """The rows that are shown: `count` of a split from the one of number `row` on. Where there are none, `faulty` says
    why, or the file is still being read for the first time."""

    split: str
    row: int
    count: int
    rows: Sequence[Row] = ()
    faulty: UserMistake | None = None
    reading: bool = False


@dataclass(frozen=True, slots=True)
class Editing:
    """`opened` is the saved template that the `fields` began as (none for a new one)."""

    dataset: Dataset
    place: Place
    saved: tuple[Template, ...]
    opened: str
    fields: Mapping[str, str]
    view: View

    @property
    def fixed(self) -> bool:
        """Whether the rows are instructions already, or asked by their task file's own: no template asks them."""
        return self.dataset.kind != "rows" or self.dataset.instruction is not None

    @property
    def own(self) -> bool:
        """Whether the opened template is the user's, who may write over it."""
        return self.place.holds(self.opened)

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(name for row in self.view.rows for name in row.values))

    def template(self) -> Template:
        """The template that the fields make. Raises `TemplateMistake`."""
        return template_of(entry_of(self.fields), self.dataset)


def dataset_of(workspace: Workspace, task: str) -> Dataset:
    """The dataset of a task, of whatever variant. Raises `TaskMistake` with the nearest names."""
    catalog = workspace.catalog()
    name = base_name(task)
    known = {each.task: each for each in catalog.datasets}
    if name not in known:
        raise TaskMistake("task", f"there is no '{name}'", nearest(name, known, "tasks"))
    return known[name]


def editing(workspace: Workspace, values: Mapping[str, str]) -> Editing:
    """What the query or the form asks for. Raises `TaskMistake` for an unknown task; a template that is not there (any
    more) is answered with the first."""
    dataset = dataset_of(workspace, values.get("task", ""))
    saved = tuple(templates_over(workspace, dataset))
    place = place_of(workspace, dataset)
    names = [each.name for each in saved]
    count = int(values["rows"]) if values.get("rows") in SEVERAL else 1
    split = values["split"] if values.get("split") in dataset.splits else next(iter(dataset.splits))
    view = _view(workspace, dataset, split, count, values)
    asked = values.get("template", "")
    opened = asked if asked in names else "" if asked == NEW or "prompt" in values or not names else names[0]
    fields = _fields(dataset, saved, opened, place, view.rows[0].values if view.rows else {}, values)
    return Editing(dataset, place, saved, opened, fields, view)


def _fields(
    dataset: Dataset,
    saved: Sequence[Template],
    opened: str,
    place: Place,
    row: Mapping[str, Any],
    values: Mapping[str, str],
) -> dict[str, str]:
    """What was typed; else the opened template, under a name of its own where it is not the user's; else a starter."""
    if "prompt" in values:
        return {name: values.get(name, "") for name in fields_of(Template("", ""))}
    names = [each.name for each in saved]
    template = next((each for each in saved if each.name == opened), None)
    if template is None:
        return starter(dataset, row, free_name("my_template", names))
    found = fields_of(template)
    return found if place.holds(opened) else {**found, "name": free_name(opened, names)}


def _view(workspace: Workspace, dataset: Dataset, split: str, count: int, values: Mapping[str, str]) -> View:
    """The rows that are asked for. A split that was chosen since the page was made, whose own was `shown`, begins with
    its first row: the number belongs to the other split."""
    number = None
    try:
        number = said_row(values.get("row", ""))[1] if values.get("shown", split) == split else None
        rows, place = _from(workspace, dataset, split, number, count, values.get("move", ""))
    except StillReading:
        return View(split, number or 0, count, reading=True)
    except UserMistake as mistake:
        return View(split, number or 0, count, faulty=mistake)
    shown = rows[place : place + count]
    return View(split, shown[0].index if shown else 0, count, shown)


def _from(
    workspace: Workspace, dataset: Dataset, split: str, number: int | None, count: int, move: str
) -> tuple[Sequence[Row], int]:
    """Rows of the split, as far as they are needed, and where among them the first that is shown stands.

    Raises `DataMistake` for a number that no row has, and `StillReading`.
    """
    rows = None if move == "random" else workspace.rows_as_far_as(dataset, split, number or 0, 2 * count)
    if rows is None or not _holds(rows, number):
        rows = openings(workspace).rows(workspace, dataset, split)
    last = max(len(rows) - count, 0)
    if move == "random":
        return rows, Random().randint(0, last)
    place = row_place(rows, number, dataset.task, split)
    return rows, {"earlier": max(place - count, 0), "later": min(place + count, last)}.get(move, place)


def _holds(rows: Sequence[Row], number: int | None) -> bool:
    place = 0 if number is None else row_place_from(rows, number)
    return place < len(rows) and number in (None, rows[place].index)
