"""The grids over tasks: each one left out, and growing numbers of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from unseen.study.settings import OpenCatalog
from unseen.task.catalog import Catalog
from unseen.task.claims import Level, apart, leave_one_out
from unseen.task.seeds import generator

Values = dict[str, Any]


def left_out(
    values: Values, level: Literal["cluster", "dataset", "task"], among: tuple[str, ...], catalog: OpenCatalog
) -> Iterator[tuple[str, list[str], list[str]]]:
    """For each cluster, dataset or task of `among`: its name, what is tuned on without it, and its own tasks.

    What shares a name or an origin with it at `level` or a finer one is not tuned on either.
    """
    found = _opened(values, catalog)
    seen = found.match(values.get("seen") or ())
    chosen = found.match(among) if among else seen
    tasks = tuple({task.name: task for task in (*seen, *chosen)}.values())
    wanted = {task.name for task in chosen}
    for others, group in leave_one_out(tasks, level):
        held = [task.name for task in group if task.name in wanted]
        if held:
            own = group[0].cluster if level == "cluster" else group[0].dataset.task
            keep = {task.name for task in seen}
            yield own, [task.name for task in others if task.name in keep], held


def tasks_by_power(
    values: Values, of: Literal["clusters", "tasks"], seed: int, catalog: OpenCatalog
) -> list[list[str]]:
    """The seen tasks (or clusters of them) in an order that only the seed decides: the first n are the arm of n.

    What is not apart from the unseen side, at the level of the claim, is never among them.
    """
    found = _opened(values, catalog)
    level = _level(values)
    unseen = found.match(values.get("unseen") or ())
    usable = [task for task in found.match(values.get("seen") or ()) if all(apart(level, task, u) for u in unseen)]
    groups: dict[str, list[str]] = {}
    for task in usable:
        groups.setdefault(task.cluster if of == "clusters" else task.name, []).append(task.name)
    names = sorted(groups)
    order = generator(seed, "powers", of).permutation(len(names))
    return [groups[names[place]] for place in order]


def _opened(values: Values, catalog: OpenCatalog) -> Catalog:
    return catalog(tuple(values.get("catalogs") or ("shipped",)))


def _level(values: Values) -> Level:
    level: Level = (values.get("hold_out") or {}).get("level", "cluster")
    return level
