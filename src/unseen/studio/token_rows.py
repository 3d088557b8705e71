"""The rows of a task that the page of tokens is asked for, as examples with their exemplars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unseen.data.dataset import Row
from unseen.errors import DataMistake, TemplateMistake, nearest
from unseen.evaluation.exemplars import exemplar_pool, exemplars_of
from unseen.prompt.conversation import why_empty
from unseen.prompt.example import Example
from unseen.prompt.fewshot import with_exemplars
from unseen.reporting.numbers import row_name
from unseen.studio.row_names import row_place, said_row
from unseen.studio.values import whole_number
from unseen.studio.workspace import Workspace
from unseen.task.render import example_of
from unseen.task.task import Task

MOST_SHOTS, MOST_ROWS = 64, 64
FIRST_ROWS = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """`rows` rows of a split from the one of number `row` on (None: from its first), through the template at place
    `template`, after `shots` exemplars."""

    task: Task
    template: int
    split: str
    row: int | None
    rows: int
    shots: int

    @classmethod
    def of(cls, workspace: Workspace, values: Mapping[str, str]) -> Wanted:
        """What the form's values say. Raises `UserMistake` for a task, template, split or number that cannot be."""
        task = workspace.catalog().task(values["task"])
        values = with_row(of_this_task(values, task))
        names = task.way_names or [""]
        template = values.get("template") or names[0]
        if template not in names:
            raise TemplateMistake(task.name, f"has no template '{template[:80]}'", nearest(template, names))
        splits = list(task.dataset.splits)
        split = values.get("split") or splits[0]
        if split not in splits:
            raise DataMistake(task.name, f"has no split '{split[:80]}'", nearest(split, splits))
        return cls(
            task,
            names.index(template),
            split,
            said_row(values.get("row", ""))[1],
            whole_number(values, "rows", FIRST_ROWS, 1, MOST_ROWS),
            whole_number(values, "shots", 0, 0, MOST_SHOTS),
        )


def of_this_task(values: Mapping[str, str], task: Task) -> Mapping[str, str]:
    """The values without template, split and row where those were chosen for another task."""
    if values.get("of", task.name) == task.name:
        return values
    return {name: value for name, value in values.items() if name not in ("template", "split", "row")}


def with_row(values: Mapping[str, str]) -> dict[str, str]:
    """The values with a row that names its split (`test[12]`) as split and number; a split that was chosen since the
    page was made, whose own was `shown`, is the later word, and begins with its first row. Raises `UserMistake` for
    what names no row."""
    chosen = values.get("split", "")
    if chosen not in ("", values.get("shown", chosen)):
        return {**values, "shown": chosen, "row": ""}
    split, number = said_row(values.get("row", ""))
    split = split or chosen
    return {**values, "split": split, "shown": split, "row": "" if number is None else str(number)}


def examples_of(workspace: Workspace, wanted: Wanted) -> list[Example]:
    """The wanted rows that do not render empty; the first of them is the wanted row itself."""
    rows = workspace.rows(wanted.task.dataset, wanted.split)
    place = row_place(rows, wanted.row, wanted.task.name, wanted.split)
    chosen: list[Row] = rows[place : place + wanted.rows]
    examples = [example_of(wanted.task, wanted.template, row) for row in chosen]
    if examples[0] is None:
        what = f"row {row_name(wanted.split, chosen[0].index)} {why_empty(wanted.task.dataset.kind)}"
        raise DataMistake(wanted.task.name, what, "take another row, or another template")
    return _with_shots(workspace, wanted, [each for each in examples if each is not None])


def _with_shots(workspace: Workspace, wanted: Wanted, examples: list[Example]) -> list[Example]:
    """Exemplars as `unseen show` draws them: fixed for the task, with seed 0."""
    if not wanted.shots:
        return examples
    pool = exemplar_pool(wanted.task, wanted.split, lambda task, split: workspace.rows(task.dataset, split))
    candidates = pool.rendered(wanted.template, wanted.shots, seed=0)
    return [with_exemplars(each, exemplars_of(each, candidates, wanted.shots)) for each in examples]
