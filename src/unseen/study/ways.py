"""How a task's score depends on the way it is asked: each template (or encoding, or format) by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unseen.evaluation.resample import score_replicates
from unseen.study.answers import Answers
from unseen.study.compare import Runs
from unseen.study.rule import over_templates
from unseen.task.seeds import generator


@dataclass(frozen=True, slots=True)
class Ways:
    """Scores, 0..100, of one model on one task by template, means over seeds.

    `noise` is the range that so few rows would show on average if all templates were truly alike; None for one.
    """

    task: str
    model: str
    rows: int
    scores: tuple[tuple[str, float], ...]
    noise: float | None

    @property
    def values(self) -> list[float]:
        return [score for _, score in self.scores]

    @property
    def quartiles(self) -> tuple[float, float, float]:
        lower, middle, upper = (float(each) for each in np.percentile(self.values, [25, 50, 75]))
        return lower, middle, upper

    @property
    def range(self) -> float:
        return max(self.values) - min(self.values)

    @property
    def worst(self) -> tuple[str, float]:
        """The template with the lowest score, and that score."""
        return min(self.scores, key=lambda each: each[1])

    @property
    def best(self) -> tuple[str, float]:
        return max(self.scores, key=lambda each: each[1])


def ways_of(runs: Runs) -> tuple[Ways, ...]:
    """Every model of an arm on every task. The base model is the same under every seed of tuning."""
    return tuple(each for model in ("base", "tuned") for each in _ways(runs, model))


def _ways(runs: Runs, model: str) -> Iterator[Ways]:
    asked = [run for run in runs.values() if any(name == model for name, *_ in run.blocks)]
    for task in dict.fromkeys(task for run in asked for task in run.tasks):
        found = [block for run in asked for block in run.draws(model, task).values()]
        scores: dict[str, list[float]] = {}
        for each in found:
            for name, score in zip(each.block.templates, each.block.totals.tolist(), strict=True):
                scores.setdefault(name, []).append(score)
        if scores:
            means = tuple((name, sum(each) / len(each)) for name, each in scores.items())
            yield Ways(task, model, len(found[0].rows), means, _noise(asked[0], model, task))


def _noise(run: Answers, model: str, task: str) -> float | None:
    block = next(iter(run.draws(model, task).values()), None)
    if block is None or len(block.block.templates) < 2:
        return None
    [drawn] = score_replicates([block.block], generator(0, "noise", task))
    return float(over_templates(drawn - drawn.mean(axis=0), "range").mean())
