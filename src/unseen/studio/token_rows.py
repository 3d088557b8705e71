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
from unseen.studio.values import whole_number
from unseen.studio.workspace import Workspace
from unseen.task.render import example_of
from unseen.task.task import Task

MOST_SHOTS, MOST_ROWS = 64, 64
FIRST_ROWS = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows [row, row + rows) of a split, through the template of that number, after `shots` exemplars."""

    task: Task
    template: int
    split: str
    row: int
    rows: int
    shots: int

    @classmethod
    def of(cls, workspace: Workspace, values: Mapping[str, str]) -> Wanted:
        """What the form's values say. Raises `UserMistake` for a task, template, split or number that cannot be."""
        task = workspace.catalog().task(values["task"])
        if values.get("of", task.name) != task.name:  # template, split and row were chosen for another task
            values = {name: value for name, value in values.items() if name not in ("template", "split", "row")}
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
            whole_number(values, "row", 0, 0, 10**9),
            whole_number(values, "rows", FIRST_ROWS, 1, MOST_ROWS),
            whole_number(values, "shots", 0, 0, MOST_SHOTS),
        )


def examples_of(workspace: Workspace, wanted: Wanted) -> list[Example]:
    """The wanted rows that do not render empty; the first of them is the wanted row itself."""
    rows = workspace.rows(wanted.task.dataset, wanted.split)
    if wanted.row >= len(rows):
        what = f"has no row {wanted.row:,} in its {wanted.split} split"
        raise DataMistake(wanted.task.name, what, f"the last one is {len(rows) - 1:,}")
    chosen: list[Row] = rows[wanted.row : wanted.row + wanted.rows]
    examples = [example_of(wanted.task, wanted.template, row) for row in chosen]
    if examples[0] is None:
        what = f"row {wanted.row} {why_empty(wanted.task.dataset.kind)}"
        raise DataMistake(wanted.task.name, what, "take another row, or another template")
    return _with_shots(workspace, wanted, [each for each in examples if each is not None])


def _with_shots(workspace: Workspace, wanted: Wanted, examples: list[Example]) -> list[Example]:
    """Exemplars as `unseen show` draws them: fixed for the task, with seed 0."""
    if not wanted.shots:
        return examples
    pool = exemplar_pool(wanted.task, wanted.split, lambda task, split: workspace.rows(task.dataset, split))
    candidates = pool.rendered(wanted.template, wanted.shots, seed=0)
    return [with_exemplars(each, exemplars_of(each, candidates, wanted.shots)) for each in examples]
