"""A mixture: tasks with rates and caps, and the order in which their rows are drawn.

Rates follow seqio (examples-proportional with a cap, equal, temperature: capped sizes to the power of 1/T). The order
is block-deterministic, after levanter: an epoch is cut into blocks, the counts of every block are fixed before anything
is shuffled, and the order inside a block depends on (seed, epoch, block) alone. So every position can be computed
without drawing what came before it, and the order knows nothing of workers or devices.

Diverse data that buffers the others (DELIA, Zeng et al. 2024) is the last task, with `ratio` draws for each draw of the
others together. Its authors' code shuffles both; their algorithm takes turns. `schedule` says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unseen.errors import TaskMistake
from unseen.recipe import MixtureSettings
from unseen.task.quota import counts_through
from unseen.task.seeds import generator, key, mixed
from unseen.task.task import Task

BLOCK = 1024  # groups of draws in a block
WEIGHT_BITS = 28  # resolution of a rate that is no whole number


class Draw(NamedTuple):
    """Indexes of a task, of a row among the task's rows, and of one of its templates."""

    task: int
    row: int
    template: int


class Draws(NamedTuple):
    """Many draws, as three arrays of equal length."""

    task: NDArray[np.int64]
    row: NDArray[np.int64]
    template: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Buffer:
    """So many draws of the last task for each draw of the others, `shuffled` among them or `alternating` with them."""

    ratio: Fraction
    schedule: Literal["shuffled", "alternating"] = "shuffled"


@dataclass(frozen=True, slots=True)
class Mixture:
    """Tasks with their numbers of rows and of templates, and the whole-number weights of their rates. With a `buffer`
    the last task is diverse data, which no cap bounds: rows are drawn again where there are too few."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    templates: tuple[int, ...]
    weights: tuple[int, ...]
    cap: int
    group: int = 1
    buffer: Buffer | None = None

    @classmethod
    def of(
        cls,
        tasks: Sequence[Task],
        sizes: Sequence[int],
        settings: MixtureSettings,
        templates: int,
        buffer: Buffer | None = None,
    ) -> Mixture:
        """The mixture of `tasks` that have `sizes` rows each, drawing at most `templates` templates of a task.

        Raises `TaskMistake` for no task at all, or a task without rows.
        """
        empty = [task.name for task, size in zip(tasks, sizes, strict=True) if size < 1]
        if empty or not tasks:
            what = f"no rows to draw from in {', '.join(empty)}" if empty else "no tasks to draw from"
            raise TaskMistake("mixture", what, "name other tasks under 'seen', or check what their hold-out dropped")
        return cls(
            names=tuple(task.name for task in tasks),
            sizes=tuple(sizes),
            templates=tuple(max(1, min(templates, len(task.templates))) for task in tasks),
            weights=_weights(sizes, settings) if buffer is None else _buffered(sizes, settings, buffer),
            cap=settings.cap,
            group=settings.group,
            buffer=buffer,
        )

    @property
    def rates(self) -> tuple[float, ...]:
        """Share of the draws that each task gets."""
        return tuple(weight / sum(self.weights) for weight in self.weights)

    @property
    def epoch_length(self) -> int:
        """Draws of an epoch: the sum over tasks of min(rows, cap), and of diverse data `ratio` times as many."""
        if self.buffer is None:
            return sum(min(size, self.cap) for size in self.sizes)
        others = sum(min(size, self.cap) for size in self.sizes[:-1])
        return others + round(self.buffer.ratio * others)

    def counts(self, epoch: int) -> NDArray[np.int64]:
        """Draws of each task before and after `epoch`, int64 [2, tasks], over all epochs; under one off the ideal."""
        bounds = np.arange(epoch + 2, dtype=np.int64) * self.epoch_length
        *_, (before, after) = counts_through(self.weights, bounds)
        return np.stack([before, after])

    def order(self, seed: int, epoch: int, start: int = 0) -> Iterator[Draw]:
        """The draws of an epoch, from position `start` on."""
        for draws in self.blocks(seed, epoch, start):
            yield from map(Draw._make, zip(*(column.tolist() for column in draws), strict=True))

    def blocks(self, seed: int, epoch: int, start: int = 0) -> Iterator[Draws]:
        """The same draws as arrays, a block at a time; the first block is cut to begin at `start`."""
        drawn, after = self.counts(epoch)
        quota = after - drawn
        rows = _RowOrder(self, seed, epoch, drawn)
        groups = -(-quota // self.group)
        past = 0
        for block, (low, high) in enumerate(_pairs(groups)):
            size = int((np.minimum(high * self.group, quota) - np.minimum(low * self.group, quota)).sum())
            if past + size > start:
                draws = rows.of(*self._arranged(generator(seed, "block", epoch, block), low, high, quota))
                skip = max(0, start - past)
                yield Draws(*(column[skip:] for column in draws))
            past += size

    def _arranged(
        self, stream: np.random.Generator, low: NDArray[np.int64], high: NDArray[np.int64], quota: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The draws of a block in their order: the task of each, and its number among the draws of its task."""
        tasks = stream.permutation(np.repeat(np.arange(len(low)), high - low))
        if self.buffer is not None and self.buffer.schedule == "alternating":
            tasks = _alternating(tasks, len(low) - 1)
        return _placed(tasks, low, high, self.group, quota)


class _RowOrder:
    """Which row and template the n-th draw of a task is: a seeded permutation of its rows, a new one each pass."""

    def __init__(self, mixture: Mixture, seed: int, epoch: int, drawn: NDArray[np.int64]) -> None:
        self.mixture, self.seed, self.epoch, self.drawn = mixture, seed, epoch, drawn
        self.last: dict[int, tuple[int, int, NDArray[np.int64]]] = {}  # a task's latest passes; blocks ask in order

    def of(self, task: NDArray[np.int64], nth: NDArray[np.int64]) -> Draws:
        """The `nth` draws, counted within the epoch, of each `task`."""
        row, template = np.empty_like(task), np.empty_like(task)
        by_task = np.argsort(task, kind="stable")
        for where in np.split(by_task, np.flatnonzero(np.diff(task[by_task])) + 1):
            chosen = int(task[where[0]])
            row[where] = self._rows(chosen, nth[where] + self.drawn[chosen])
            template[where] = self._templates(chosen, row[where])
        return Draws(task, row, template)

    def _rows(self, task: int, nth: NDArray[np.int64]) -> NDArray[np.int64]:
        passes, place = np.divmod(nth, self.mixture.sizes[task])
        first, last = int(passes.min()), int(passes.max())
        if self.last.get(task, (-1, -1))[:2] != (first, last):
            self.last[task] = (first, last, self._permutations(task, first, last))
        rows: NDArray[np.int64] = self.last[task][2][passes - first, place]
        return rows

    def _permutations(self, task: int, first: int, last: int) -> NDArray[np.int64]:
        """Row orders of passes `first` to `last`, int64 [passes, rows]: rows sorted by keys drawn for (pass, row)."""
        size = self.mixture.sizes[task]
        cells = np.arange(first * size, (last + 1) * size).reshape(-1, size)
        return np.argsort(mixed(key(self.seed, "rows", self.mixture.names[task]), cells), axis=1, kind="stable")

    def _templates(self, task: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """By (seed, row, epoch): each row begins somewhere and goes on by one template an epoch."""
        number = self.mixture.templates[task]
        first = mixed(key(self.seed, "template", self.mixture.names[task]), rows) % np.uint64(number)
        return (first.astype(np.int64) + self.epoch) % number


def _weights(sizes: Sequence[int], settings: MixtureSettings) -> tuple[int, ...]:
    """Whole numbers in proportion to the rates, so that no count ever depends on rounding of floats."""
    capped = [min(size, settings.cap) for size in sizes]
    match settings.rate:
        case "examples":
            return tuple(capped)
        case "equal":
            return tuple(1 for _ in capped)
        case "temperature":
            powers = [size ** (1.0 / settings.temperature) for size in capped]
            return tuple(max(1, round(power / sum(powers) * 2**WEIGHT_BITS)) for power in powers)


def _pairs(groups: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Groups of each task before and after every block of an epoch."""
    total = int(groups.sum())
    bounds = np.append(np.arange(0, total, BLOCK, dtype=np.int64), total)
    yield from counts_through(groups.tolist(), bounds)


def _buffered(sizes: Sequence[int], settings: MixtureSettings, buffer: Buffer) -> tuple[int, ...]:
    """The weights of the others, and that of the last task, `ratio` times as many as theirs together."""
    others = _weights(sizes[:-1], settings)
    return (*(weight * buffer.ratio.denominator for weight in others), buffer.ratio.numerator * sum(others))


def _alternating(tasks: NDArray[np.int64], diverse: int) -> NDArray[np.int64]:
    """The same groups, the others in their order, with those of the task `diverse` spread evenly after them."""
    others, buffering = tasks[tasks != diverse], tasks[tasks == diverse]
    places = np.concatenate(
        [np.arange(len(others)) / max(len(others), 1), (np.arange(len(buffering)) + 0.5) / max(len(buffering), 1)]
    )
    mixed_tasks: NDArray[np.int64] = np.concatenate([others, buffering])[np.argsort(places, kind="stable")]
    return mixed_tasks


def _placed(
    tasks: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64], group: int, quota: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Groups of tasks in order as draws: the task of each, and its number among the draws of its task."""
    by_task = np.argsort(tasks, kind="stable")
    nth_group = np.empty_like(tasks)
    nth_group[by_task] = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)])
    nth = (nth_group[:, None] * group + np.arange(group)).ravel()
    tasks = np.repeat(tasks, group)
    inside = nth < quota[tasks]  # the last group of a task in an epoch may be short
    return tasks[inside], nth[inside]
