"""Which rows of the seen tasks are tuned on, which watch the tuning, and which are left out, with counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unseen.data.rows import Rows, is_unlabelled
from unseen.recipe import Recipe
from unseen.task.seeds import generator
from unseen.task.task import Task

OpenRows = Callable[[Task, str], Rows]
Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SeenRows:
    """Positions in the train split of each seen task, by task name: those tuned on, and those that validate.

    `counts` says of every task how many rows it has, and how many each reason took away.
    """

    tune: Mapping[str, Positions]
    validate: Mapping[str, Positions]
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def seen_rows(
    recipe: Recipe, tasks: Sequence[Task], open_rows: OpenRows, dropped: Mapping[str, frozenset[int]]
) -> SeenRows:
    """Deal the train rows of `tasks`. `dropped` holds the row numbers that the hold-out took from each dataset.

    Validation rows are a seeded draw from the train rows, spread over the datasets; turned-around tasks never see them
    either, since they are the same rows.
    """
    datasets = {task.dataset.task: task for task in tasks}
    share = -(-recipe.train.validation_rows // len(datasets)) if datasets else 0
    tune: dict[str, Positions] = {}
    validate: dict[str, Positions] = {}
    counts: dict[str, Mapping[str, int]] = {}
    for name, task in datasets.items():
        rows = open_rows(task, "train")
        gone = dropped.get(name, frozenset())
        unlabelled = [place for place, row in enumerate(rows) if is_unlabelled(task.dataset, row)]
        overlapping = [place for place, row in enumerate(rows) if row.index in gone] if gone else []
        usable = np.setdiff1d(np.arange(len(rows)), np.array([*unlabelled, *overlapping], dtype=np.int64))
        held = min(share, len(usable) // 5)
        order = generator(recipe.seed, "validation", name).permutation(len(usable))
        validate[name] = np.sort(usable[order[:held]])
        tune[name] = np.sort(usable[order[held:]])
        counts[name] = {
            "rows": len(rows),
            "unlabelled": len(unlabelled),
            "dropped_for_overlap": len(overlapping),
            "validation": held,
            "tuned_on": len(tune[name]),
        }
    return SeenRows(tune, validate, counts)
