"""The tasks of a recipe as they are tuned on and asked: their templates, fewer of their words, or formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from unseen.data.rows import Rows
from unseen.errors import TaskMistake, raise_all
from unseen.evaluation.prediction import Side
from unseen.evaluation.rows import asked_split
from unseen.recipe import Recipe
from unseen.task.rewording import formatted, worded
from unseen.task.task import Task

LOOKED_AT = 20  # rows that the template of formats is chosen by

TaskRowsOf = Callable[[Task, str], Rows]


def as_tuned(recipe: Recipe, task: Task) -> Task:
    return worded(task, recipe.templates.wording)


def as_asked(recipe: Recipe, task: Task, side: Side, rows_of: TaskRowsOf) -> Task:
    """`task` as both models are asked it on `side`. Raises what `worded` and `formatted` raise."""
    settings = recipe.evaluate
    if settings.formats is None:
        return worded(task, settings.wording or recipe.templates.wording)
    split = asked_split(task, side, rows_of)
    rows = tuple(islice(rows_of(task, split), LOOKED_AT)) if split else ()
    return formatted(task, settings.formats, recipe.seed, rows) if rows else task


def check_rewordings(
    recipe: Recipe, tuned_on: Sequence[Task], seen: Sequence[Task], unseen: Sequence[Task], rows_of: TaskRowsOf
) -> None:
    """Raise, all together, what is wrong with how the tasks are to be tuned on and asked."""
    mistakes: list[TaskMistake] = []
    asked: list[tuple[Side, Task]] = [*(("unseen", task) for task in unseen), *(("seen", task) for task in seen)]
    for task in tuned_on:
        _collect(mistakes, partial(as_tuned, recipe, task))
    for side, task in asked:
        _collect(mistakes, partial(as_asked, recipe, task, side, rows_of))
    raise_all(mistakes)


def _collect(mistakes: list[TaskMistake], reword: Callable[[], Task]) -> None:
    try:
        reword()
    except TaskMistake as mistake:
        if str(mistake) not in map(str, mistakes):
            mistakes.append(mistake)
