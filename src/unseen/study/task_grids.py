"""The grids over tasks: each one left out, and growing numbers of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from unseen.errors import RecipeMistake
from unseen.recipe import Recipe
from unseen.section import check_model
from unseen.study.selected import selected_tasks
from unseen.study.settings import OpenCatalog, Values
from unseen.task.claims import apart, own_names
from unseen.task.seeds import generator
from unseen.task.task import Task

LeftOut = Literal["cluster", "dataset", "task"]


def left_out(
    values: Values, level: LeftOut, among: Sequence[str], catalog: OpenCatalog
) -> Iterator[tuple[str, list[str], list[str]]]:
    """For each cluster, dataset or task of `among`: its name, what is tuned on without it, and its own tasks.

    Tasks that share a published dataset are one dataset. What shares a name or an origin with what is left out, at
    `level` or a finer one, is not tuned on either, as FLAN leaves out related clusters.
    """
    recipe = _recipe(values)
    found = catalog(recipe.catalogs)
    seen = found.select(recipe.seen, recipe.languages).tasks
    chosen = found.select(among, recipe.languages).tasks if among else seen
    for name, group in _groups(chosen, level):
        others = [task.name for task in seen if all(apart(level, task, other) for other in group)]
        yield name, others, [task.name for task in group]


def _groups(tasks: Sequence[Task], level: LeftOut) -> Iterator[tuple[str, list[Task]]]:
    """The tasks by cluster, by published dataset, or each by itself, with a name for each group."""
    if level == "dataset":
        yield from ((_dataset_name(group), group) for group in _by_origin(tasks))
        return
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.cluster if level == "cluster" else task.name, []).append(task)
    yield from groups.items()


def _by_origin(tasks: Sequence[Task]) -> list[list[Task]]:
    """Tasks that share a published dataset, or share one with a task that does, together."""
    groups: list[tuple[set[str], list[Task]]] = []
    for task in tasks:
        names = set(own_names(task.dataset))
        met = [group for group in groups if group[0] & names]
        joined = [*(each for group in met for each in group[1]), task]
        groups = [group for group in groups if group not in met]
        groups.append((names.union(*(group[0] for group in met)), joined))
    return [group for _, group in groups]


def _dataset_name(group: Sequence[Task]) -> str:
    """The published dataset that most of the tasks come from; a task that is alone has its own name."""
    if len(group) == 1:
        return group[0].dataset.task
    counted = Counter(name for task in group for name in sorted({*task.dataset.origin} or {task.dataset.name}))
    return max(sorted(counted), key=lambda name: counted[name])


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
