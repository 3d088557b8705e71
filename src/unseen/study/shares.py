"""What a mixture draws: of each task how many rows, through how many templates, at which rate, in its first blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from unseen.study.examples import mixture_of
from unseen.study.prepare import Settled
from unseen.study.reworded import as_tuned
from unseen.task.mixture import Draw, Mixture
from unseen.task.stages import Stages
from unseen.task.task import Task


@dataclass(frozen=True, slots=True)
class TaskShare:
    """A task that is tuned on: `rows` of it that are, `draws` of an epoch, `rate` of all draws (0..1), and how many of
    its templates are drawn. `counts` say what became of the other rows of its dataset."""

    task: Task
    rows: int
    draws: int
    rate: float
    templates: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Shares:
    """The tasks of a mixture, the length of an epoch, and its first draws: task, row and template of each."""

    tasks: tuple[TaskShare, ...]
    epoch: int
    first: tuple[Draw, ...]


def shares(settled: Settled, first: int) -> Shares | None:
    """What the mixture of a recipe draws, with its `first` draws; None where it tunes on nothing."""
    if not settled.tuned_on:
        return None
    recipe, tasks = settled.recipe, [as_tuned(settled.recipe, task) for task in settled.tuned_on]
    mixture = mixture_of(recipe, tasks, settled.seen_rows)
    drawn = drawn_in_epoch(mixture, recipe.seed, len(tasks)).tolist()
    most = recipe.templates.per_task
    found = [
        TaskShare(
            task=task,
            rows=len(settled.seen_rows.tune[task.name]),
            draws=count,
            rate=rate,
            templates=min(most, len(task.templates)),
            counts=settled.seen_rows.counts[task.dataset.task],
        )
        for task, count, rate in zip(tasks, drawn, mixture.rates, strict=True)
    ]
    return Shares(tuple(found), mixture.epoch_length, tuple(islice(mixture.order(recipe.seed, 0), first)))


def drawn_in_epoch(mixture: Mixture | Stages, seed: int, tasks: int) -> NDArray[np.int64]:
    """Draws of each task in the first epoch, exactly; int64 [tasks]."""
    if isinstance(mixture, Mixture):
        before, after = mixture.counts(0)
        counts: NDArray[np.int64] = after - before
        return counts
    numbers = np.fromiter((draw.task for draw in mixture.order(seed, 0)), dtype=np.int64)
    return np.bincount(numbers, minlength=tasks)
