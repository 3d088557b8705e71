"""A row of a task, rendered, as something to ask."""

from __future__ import annotations

from dataclasses import dataclass

from unseen.errors import TaskMistake, UserMistake, nearest
from unseen.reporting.numbers import counted, row_name
from unseen.studio.hand_on import At
from unseen.studio.row_names import row_place, said_row
from unseen.studio.values import is_number
from unseen.studio.workspace import Workspace
from unseen.task.render import example_of
from unseen.task.task import Task


@dataclass(frozen=True, slots=True)
class RowQuestion:
    """`name` is `test[12] of cluster/dataset`, `right` the answer that the row has; `told` says where the question
    comes from, which is `at`."""

    text: str
    choices: tuple[str, ...]
    right: str
    told: str
    name: str
    at: At


def row_question(workspace: Workspace, task: str, template: str, row: str) -> RowQuestion:
    """The row of `task` that `row` names (`test[12]`, or a number of the test rows where it has some), or its first,
    through `template`, a name or a number from 1 on.

    Raises `UserMistake` for a task, a template or a row that is not there, and for a row that renders empty.
    """
    found = workspace.catalog().task(task.strip())
    at = _template(found, template.strip())
    split, number = said_row(row)
    split = split or _asked(found)
    rows = workspace.rows(found.dataset, split)
    chosen = rows[row_place(rows, number, found.name, split)]
    name = row_name(split, chosen.index)
    example = example_of(found, at, chosen)
    if example is None:
        raise UserMistake(task, f"row {name} renders empty in this template", "choose another row or template")
    of = f"template {at + 1} of {len(found.templates)} ({found.templates[at].name})" if found.templates else "as it is"
    told = f"{found.name}, {of}, row {name}, one of {counted(len(rows), 'row')} of {split}"
    way = found.templates[at].name if found.templates else ""
    here = At(found.name, way, split, chosen.index)
    choices = example.choices or ()
    return RowQuestion(example.prompt, choices, example.completion, told, f"{name} of {found.name}", here)


def _asked(task: Task) -> str:
    """The split that a task is asked on."""
    splits = task.dataset.splits
    return next((name for name in ("test", "validation") if name in splits), next(iter(splits)))


def _template(task: Task, said: str) -> int:
    names = [way.name for way in task.templates]
    if not said or not names:
        return 0
    if said in names:
        return names.index(said)
    if is_number(said) and 1 <= int(said) <= len(names):
        return int(said) - 1
    raise TaskMistake(task.name, f"has no template '{said}'", nearest(said, names, f"1 to {len(names)}, or"))
