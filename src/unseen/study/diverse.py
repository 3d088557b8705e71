"""Diverse data beside the tasks of a recipe: chats that buffer their biased features (DELIA, Zeng et al. 2024).

They are a task of their own, `diverse/<file>`, tuned on and never asked. So the hold-out compares their texts with the
unseen rows as it does with any seen task, and the record counts what is drawn from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

from unseen.data.description import described
from unseen.diversify.output import CHATS
from unseen.errors import RecipeMistake
from unseen.recipe import Recipe
from unseen.task.mixture import Buffer, Mixture
from unseen.task.stages import Stages
from unseen.task.task import Task
from unseen.task.variants import tasks_of
from unseen.train.plan import count_draws

CLUSTER = "diverse"
FINEST = 1000  # denominator of a ratio, or of a fraction


def order_of(recipe: Recipe, tasks: Sequence[Task], sizes: Sequence[int]) -> Mixture | Stages:
    """How the run draws `tasks`, of which diverse data, where the recipe has a ratio of it, comes last."""
    said, most = recipe.diversity, recipe.templates.per_task
    if not said.ratio:
        return Mixture.of(tasks, sizes, recipe.mixture, most)
    ratio = Fraction(said.ratio).limit_denominator(FINEST)
    if said.schedule != "stages":
        return Mixture.of(tasks, sizes, recipe.mixture, most, Buffer(ratio, said.schedule))
    fraction = Fraction(said.fraction).limit_denominator(FINEST)
    wanted = partial(count_draws, recipe.train)
    return Stages.of(tasks, sizes, recipe.mixture, most, ratio, fraction, wanted)


def chats_file(recipe: Recipe) -> Path:
    """Where the chats of `diversity.source` lie."""
    place = recipe.place_of(str(recipe.diversity.source))
    return place / CHATS if place.is_dir() else place


def diverse_task(recipe: Recipe) -> tuple[Task, ...]:
    """The task of diverse data, where the recipe has a ratio of it: the chats of `diversity.source`, a file or the
    folder that `unseen diversify questions` wrote. Raises `RecipeMistake` where there are none."""
    said = recipe.diversity.source
    if not recipe.diversity.ratio:
        return ()
    place, file = recipe.place_of(str(said)), chats_file(recipe)
    if not file.is_file():
        what = f"'{said}' holds no diverse data" + (f" (no {CHATS})" if place.is_dir() else "")
        raise RecipeMistake("diversity.source", what, "write some with: unseen diversify questions --out FOLDER")
    name = place.name if place.is_dir() else file.stem
    values = {
        "dataset": "".join(char if char.isalnum() or char in "_-.+" else "_" for char in name) or CLUSTER,
        "cluster": CLUSTER,
        "kind": "messages",
        "source": {"files": {"train": file.name}},
    }
    return tasks_of(described(values, file.absolute(), f"diversity.source: {file}"), ())
