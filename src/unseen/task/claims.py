"""What overlaps by name: tasks, datasets (by name and by origin) and clusters on both sides of a claim."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol

from unseen.data.dataset import Dataset
from unseen.task.task import Task
from unseen.task.variants import base_name

Level = Literal["row", "task", "dataset", "cluster"]
LEVELS: tuple[Level, ...] = ("row", "task", "dataset", "cluster")  # fine to coarse
Conflict = Literal["none", "unknown"] | tuple[str, ...]


class Rules(Protocol):
    """Which tasks may not be seen beside others, and why; `rules.py` reads a paper's."""

    def excluded(self, seen: Sequence[Task], unseen: Sequence[Task]) -> Mapping[str, str]: ...


def finer(level: Level) -> tuple[Level, ...]:
    """`level` and every finer one."""
    return LEVELS[: LEVELS.index(level) + 1]


def shared_names(seen: Sequence[Task], unseen: Sequence[Task]) -> Mapping[Level, tuple[str, ...]]:
    """What stands on both sides, by level; sentences for a person. Variants of a task are the same task.

    A pair of datasets is told at its finest level only: the same task is also the same dataset and cluster.
    """
    found: dict[Level, dict[str, None]] = {"task": {}, "dataset": {}, "cluster": {}}
    theirs = {task.dataset.task: task for task in unseen}
    for ours in {task.dataset.task: task for task in seen}.values():
        for other in theirs.values():
            for level, what in _shared(ours, other):
                found[level][what] = None
    return {level: tuple(whats) for level, whats in found.items()}


def apart(level: Level, seen: Task, unseen: Task) -> bool:
    """Whether two tasks may stand on two sides under a claim of `level`, as far as names tell."""
    return not any(shared in finer(level) for shared, _ in _shared(seen, unseen))


def _shared(seen: Task, unseen: Task) -> Iterator[tuple[Level, str]]:
    if base_name(seen.name) == base_name(unseen.name):
        yield "task", base_name(seen.name)
        return
    origins = _origins(seen.dataset) & _origins(unseen.dataset)
    if origins:
        yield "dataset", f"{seen.dataset.task} and {unseen.dataset.task} (both from {', '.join(sorted(origins))})"
    if seen.cluster == unseen.cluster:
        yield "cluster", seen.cluster


def _origins(dataset: Dataset) -> set[str]:
    """Everything that the dataset is, or shares rows with."""
    return own_names(dataset) | {plain_name(name) for name in dataset.shares_rows_with}


def own_names(dataset: Dataset) -> set[str]:
    """What the dataset is called, here and as published, as `plain_name` writes it."""
    return {plain_name(name) for name in (dataset.name, *dataset.origin)}


def plain_name(name: str) -> str:
    """A dataset's name without what does not count in it: case and separators ("super_glue/rte", "Super-GLUE rte")."""
    return re.sub(r"[\s/_.-]+", "_", name.casefold())


def leave_one_out(
    tasks: Sequence[Task],
    level: Literal["task", "dataset", "cluster"],
    rules: Rules | None = None,
    among: Sequence[Task] = (),
) -> Iterator[tuple[tuple[Task, ...], tuple[Task, ...]]]:
    """For each task, published dataset or cluster of `among` (of `tasks`, where that is empty): which of `tasks` are
    seen without it, and its own tasks, unseen.

    What shares a name or an origin with the unseen side, at `level` or a finer one, is left out of the seen side, and
    so is what `rules` exclude; so every pair is a valid claim of that level. Turned-around tasks are never unseen.
    """
    groups: dict[str, list[Task]] = {}
    for task in among or tasks:
        if not task.turned:
            groups.setdefault(group_name(task, level), []).append(task)
    known = [(task, _names(task, level)) for task in tasks]
    for group in groups.values():
        theirs = frozenset[str]().union(*(_names(other, level) for other in group))
        seen = [task for task, names in known if not names & theirs]
        excluded = rules.excluded(seen, group) if rules else {}
        yield tuple(task for task in seen if task.name not in excluded), tuple(group)


def _names(task: Task, level: Level) -> frozenset[str]:
    """What tells a task from others at `level` and every finer one: tasks that share none of it are `apart`."""
    names = {f"task {base_name(task.name)}"}
    if "dataset" in finer(level):
        names |= {f"dataset {origin}" for origin in _origins(task.dataset)}
    if "cluster" in finer(level):
        names.add(f"cluster {task.cluster}")
    return frozenset(names)


def group_name(task: Task, level: Literal["task", "dataset", "cluster"]) -> str:
    """What is left out together with a task: itself (`cluster/dataset`), its published dataset, or its cluster.

    Tasks of a collection are of the dataset that they were made of: all tasks over QASC are one dataset.
    """
    if level == "cluster":
        return task.cluster
    if level == "task":
        return task.dataset.task
    made_of = task.dataset.shares_rows_with if task.dataset.instruction is not None else ()
    return plain_name((*made_of, *task.dataset.origin, task.dataset.name)[0])


def model_conflicts(instruction_tuned_on: str | Sequence[str], unseen: Sequence[Task]) -> Mapping[str, Conflict]:
    """For each unseen task, what the model had been instruction-tuned on of it.

    `none` and `unknown` are what the model's description says; else the datasets and clusters that it names and that
    the task belongs to. These make the task's unseen score void; without any the answer is `none`.
    """
    if isinstance(instruction_tuned_on, str):
        known: Conflict = "none" if instruction_tuned_on == "none" else "unknown"
        return {task.name: known for task in unseen}
    named = {plain_name(name): name for name in instruction_tuned_on}
    return {task.name: _conflict(named, task) for task in unseen}


def _conflict(named: Mapping[str, str], task: Task) -> Conflict:
    own = {*_origins(task.dataset), plain_name(task.cluster), plain_name(base_name(task.name))}
    return tuple(sorted(name for plain, name in named.items() if plain in own)) or "none"
