"""The grids over tasks: each one left out, and growing numbers of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from unseen.errors import RecipeMistake
from unseen.recipe import Recipe
from unseen.section import check_model
from unseen.study.selected import selected_tasks
from unseen.study.settings import OpenCatalog, Values
from unseen.task.claims import apart, group_name, leave_one_out
from unseen.task.seeds import generator

LeftOut = Literal["cluster", "dataset", "task"]


def left_out(
    values: Values, level: LeftOut, among: Sequence[str], catalog: OpenCatalog
) -> Iterator[tuple[str, list[str], list[str]]]:
    """For each cluster, published dataset or task of `among`: its name, what is tuned on without it, and its own tasks.

    What shares a name or an origin with what is left out, at `level` or a finer one, is not tuned on either, as FLAN
    leaves out related clusters.
    """
    recipe = _recipe(values)
    found = catalog(recipe.catalogs)
    seen = found.select(recipe.seen, recipe.languages).tasks
    chosen = found.select(among, recipe.languages).tasks if among else seen
    for others, group in leave_one_out(seen, level, among=chosen):
        yield group_name(group[0], level), [task.name for task in others], [task.name for task in group]


def tasks_by_power(
    values: Values, of: Literal["clusters", "tasks"], seed: int, catalog: OpenCatalog
) -> list[list[str]]:
    """The seen tasks (or clusters of them) in an order that only the seed decides: the first n are the arm of n.

    What is not apart from the unseen side, at the level of the claim or by the rules of the hold-out, is never among
    them.
    """
    recipe = _recipe(values)
    sides = selected_tasks(recipe, catalog(recipe.catalogs))
    level = recipe.hold_out.level
    groups: dict[str, list[str]] = {}
    for task in sides.seen:
        if all(apart(level, task, other) for other in sides.unseen):
            groups.setdefault(task.cluster if of == "clusters" else task.name, []).append(task.name)
    names = sorted(groups)
    order = generator(seed, "powers", of).permutation(len(names))
    return [groups[names[place]] for place in order]


def _recipe(values: Values) -> Recipe:
    return check_model(Recipe, {"name": "grid", **values}, "base", RecipeMistake)
