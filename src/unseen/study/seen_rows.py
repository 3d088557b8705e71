"""Which rows of the seen tasks are tuned on, which watch the tuning, and which are left out, with counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

from unseen.data.dataset import Row
from unseen.data.rows import Rows, is_unlabelled
from unseen.recipe import Recipe
from unseen.task.seeds import generator
from unseen.task.task import Task

OpenRows = Callable[[Task, str], Rows]
Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SeenRows:
    """Positions in the train split: those tuned on by seen task, those that validate by `cluster/dataset`.

    `counts` says of every dataset how many rows it has, and how many each reason took away.
    """

    tune: Mapping[str, Positions]
    validate: Mapping[str, Positions]
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class ChosenRows(Sequence[Row]):
    """Some rows of a split, by their positions, read when they are asked for."""

    rows: Rows
    places: Positions

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return self.rows.take(self.places[index])
        return self.rows[int(self.places[index])]


def seen_rows(
    recipe: Recipe, tasks: Sequence[Task], open_rows: OpenRows, dropped: Mapping[str, frozenset[int]]
) -> SeenRows:
    """Deal the train rows of `tasks`. `dropped` holds the row numbers that the hold-out took from each dataset.

    Validation rows are a seeded draw from the train rows, spread over the datasets; turned-around tasks never see them
    either, since they are the same rows. `mixture.rows` is about the tasks' rows: diverse data, which come last, keep
    all of theirs, since what buffers few rows is that it is many. A turned-around task gets the share of the rows that
    its templates are of the dataset's, so that it is drawn as often as in FLAN, where turned templates are among a
    dataset's ten.
    """
    datasets = {task.dataset.task: task for task in tasks}
    share = -(-recipe.train.validation_rows // len(datasets)) if datasets else 0
    usable: dict[str, Positions] = {}
    validate: dict[str, Positions] = {}
    counts: dict[str, dict[str, int]] = {}
    for name, task in datasets.items():
        rows = open_rows(task, "train")
        left, counts[name] = _usable(task, rows, dropped.get(name, frozenset()))
        order = generator(recipe.seed, "validation", name).permutation(len(left))
        held = min(share, len(left) // 5)
        buffers = recipe.diversity.ratio and task is tasks[-1]
        chosen = order[held:][: None if buffers else recipe.mixture.rows]
        validate[name], usable[name] = np.sort(left[order[:held]]), np.sort(left[chosen])
        counts[name] |= {"validation": held, "tuned_on": len(chosen), "not_chosen": len(left) - held - len(chosen)}
    tune = {task.name: _share(recipe, task, tasks, usable[task.dataset.task]) for task in tasks}
    return SeenRows(tune, validate, counts)


def _usable(task: Task, rows: Rows, gone: frozenset[int]) -> tuple[Positions, dict[str, int]]:
    """Positions of the rows that have a label and meet no unseen row, and counts of the others."""
    places = np.arange(len(rows), dtype=np.int64)
    unlabelled = np.zeros(len(rows), dtype=bool)
    overlapping = np.zeros(len(rows), dtype=bool)
    for place, row in enumerate(rows):
        unlabelled[place] = is_unlabelled(task.dataset, row)
        overlapping[place] = row.index in gone
    counts = {
        "rows": len(rows),
        "unlabelled": int(unlabelled.sum()),
        "dropped_for_overlap": int((overlapping & ~unlabelled).sum()),
    }
    return places[~unlabelled & ~overlapping], counts


def _share(recipe: Recipe, task: Task, tasks: Sequence[Task], rows: Positions) -> Positions:
    """All rows, or for a turned-around task a seeded share of them."""
    if not task.turned:
        return rows
    siblings = [each for each in tasks if each.dataset.task == task.dataset.task]
    counts = {each.name: min(recipe.templates.per_task, len(each.templates)) for each in siblings}
    size = -(-len(rows) * counts[task.name] // sum(counts.values()))
    order = generator(recipe.seed, "turned", task.name).permutation(len(rows))
    return np.sort(rows[order[:size]])
