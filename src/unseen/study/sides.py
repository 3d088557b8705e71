"""The two sides of a prepared recipe, as their tasks are asked."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.evaluation.prediction import Side
from unseen.study.prepare import Prepared
from unseen.study.reworded import as_asked
from unseen.task.task import Task


def sides_of(prepared: Prepared) -> list[tuple[Side, Sequence[Task]]]:
    """The tasks as they are asked, by side; the seen side where the recipe wants it and has rows for it."""
    recipe = prepared.recipe
    sides: list[tuple[Side, Sequence[Task]]] = [("unseen", prepared.unseen)]
    sides.append(("seen", prepared.seen if recipe.evaluate.seen else ()))
    return [(side, [as_asked(recipe, task, side, prepared.rows) for task in tasks]) for side, tasks in sides]
