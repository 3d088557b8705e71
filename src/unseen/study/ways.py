"""How a task's score depends on the way it is asked: each template (or encoding, or format) by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unseen.evaluation.blocks import Block
from unseen.study.answers import TaskBlock
from unseen.study.compare import Runs
from unseen.study.rule import over_templates
from unseen.task.seeds import generator

DEALS = 200  # the mean range of so many is right to a fiftieth or so


@dataclass(frozen=True, slots=True)
class Ways:
    """Scores, 0..100, of one model on one task by template, apart for each seed (and draw of exemplars): seeds may be
    asked through other formats, and other rows, so that a range over all of them would be one over rows too.

    `noise` is the range that so few rows would show on average if all templates of a seed were truly alike; None where
    there is but one.
    """

    task: str
    model: str
    rows: int
    by_seed: tuple[tuple[tuple[str, float], ...], ...]
    noise: float | None

    @property
    def templates(self) -> int:
        """How many a seed was asked through."""
        return max(len(scores) for scores in self.by_seed)

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """Means over seeds, as all below."""
        each = np.array([np.percentile(_values(scores), [25, 50, 75]) for scores in self.by_seed])
        lower, middle, upper = each.mean(axis=0).tolist()
        return lower, middle, upper

    @property
    def range(self) -> float:
        return self.best[1] - self.worst[1]

    @property
    def worst(self) -> tuple[tuple[str, ...], float]:
        """Each seed's template with the lowest score, those that are the same once; and that score."""
        return _named([min(scores, key=lambda each: each[1]) for scores in self.by_seed])

    @property
    def best(self) -> tuple[tuple[str, ...], float]:
        return _named([max(scores, key=lambda each: each[1]) for scores in self.by_seed])


def ways_of(runs: Runs) -> tuple[Ways, ...]:
    """Every model of an arm on every task."""
    return tuple(each for model in ("base", "tuned") for each in _ways(runs, model))


def _ways(runs: Runs, model: str) -> Iterator[Ways]:
    for task in dict.fromkeys(task for run in runs.values() for task in run.tasks):
        found = [block for run in runs.values() for block in run.draws(model, task).values()]
        if found:
            yield Ways(task, model, _rows(found), tuple(_scores(each.block) for each in found), _noise(found, task))


def _rows(found: list[TaskBlock]) -> int:
    """That a seed was asked, on average."""
    return round(sum(int(each.block.present.any(axis=1).sum()) for each in found) / len(found))


def _scores(block: Block) -> tuple[tuple[str, float], ...]:
    return tuple(zip(block.templates, block.totals.tolist(), strict=True))


def _values(scores: tuple[tuple[str, float], ...]) -> list[float]:
    return [score for _, score in scores]


def _named(found: list[tuple[str, float]]) -> tuple[tuple[str, ...], float]:
    return tuple(dict.fromkeys(name for name, _ in found)), sum(_values(tuple(found))) / len(found)


def _noise(found: list[TaskBlock], task: str) -> float | None:
    """The mean over seeds of the range where the templates of every row are dealt anew, as if they were one."""
    several = any(len(each.block.templates) > 1 for each in found)
    random = generator(0, "noise", task)
    return float(np.mean([_dealt_range(each.block, random) for each in found])) if several else None


def _dealt_range(block: Block, random: np.random.Generator) -> float:
    rows, templates, _ = block.statistics.shape
    flat, first = block.statistics.reshape(rows * templates, -1), templates * np.arange(rows)[:, None]
    drawn = np.empty((DEALS, block.statistics[0].size))
    for deal in range(DEALS):
        drawn[deal] = flat[first + random.random((rows, templates)).argsort(axis=1)].sum(axis=0).ravel()
    return float(over_templates(block.scores(drawn), "range").mean())
