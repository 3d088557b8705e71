"""From predictions to scores: by template, by task, over the tasks of a side, and tuned against base.

Two statements are kept apart. "New rows of these tasks" holds the tasks fixed and resamples rows and seeds. "New tasks"
resamples the tasks as well; it needs tasks of at least two clusters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from unseen.evaluation.baselines import (
    Baseline,
    LabelBaseline,
    LabelFrequency,
    baselines_of,
    label_baselines_of,
    label_frequencies,
)
from unseen.evaluation.extremes import ExemplarsShown, Extremes, exemplars_shown, extremes_of
from unseen.evaluation.intervals import Floats, Interval, mean_interval, over_tasks, percentile_interval
from unseen.evaluation.prediction import Prediction, Side
from unseen.evaluation.task_scores import ScoreRow, TaskReplicates, cells_of, scores_of
from unseen.task.seeds import generator

NARROW = 1e-4  # nats; scores agree to this over batch budgets, so a narrower choice may fall either way


@dataclass(frozen=True, slots=True)
class Across:
    """A mean over the tasks of a side, with what it says about new rows of these tasks, and about new tasks.

    `new_tasks` is None where `why_not` says why there can be no such statement.
    """

    side: Side
    model: str
    shots: int
    seed: int | None
    metric: str
    tasks: tuple[str, ...]
    count: int
    new_rows: Interval
    new_tasks: Interval | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and quartiles over templates, 0..100, as T0 reports them (IQR is `upper - lower`)."""

    task: str
    side: Side
    model: str
    shots: int
    seed: int
    metric: str
    median: float
    lower: float
    upper: float
    templates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an evaluation found, beside `scores.json`. `predictions`, `narrow` and `cut` count predictions."""

    across: tuple[Across, ...]
    spreads: tuple[Spread, ...]
    baselines: tuple[Baseline, ...]
    labels: tuple[LabelFrequency, ...]
    predictions: int
    narrow: int
    cut: int
    extremes: tuple[Extremes, ...] = ()
    exemplars: tuple[ExemplarsShown, ...] = ()
    label_baselines: tuple[LabelBaseline, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(Found):
    """The same with what stands in `scores.json`."""

    scores: tuple[ScoreRow, ...]


def aggregate(predictions: Iterable[Prediction], seed: int = 0) -> Summary:
    """The summary of predictions of any number of tasks, sides, models, shots and seeds. `seed` draws the resamples."""
    predictions = list(predictions)
    rows: list[ScoreRow] = []
    pooled: list[TaskReplicates] = []
    for cell in cells_of(predictions, seed):
        found, medians = scores_of(cell)
        rows += found
        pooled += medians
    across = _across(pooled, seed)
    return Summary(
        scores=(*(_side_row(each) for each in across), *rows),
        across=across,
        spreads=spreads_of(rows),
        baselines=baselines_of(predictions),
        labels=label_frequencies(predictions),
        predictions=len(predictions),
        narrow=sum(each.margin is not None and each.margin < NARROW for each in predictions),
        cut=sum(each.cut for each in predictions),
        extremes=extremes_of(rows, predictions),
        exemplars=exemplars_shown(predictions),
        label_baselines=label_baselines_of(predictions),
    )


def spreads_of(rows: Iterable[ScoreRow]) -> tuple[Spread, ...]:
    """Quartiles over the templates' scores, of every task that was asked through two templates or more."""
    groups: dict[tuple[str, Side, str, int, int, str], list[float]] = {}
    for row in rows:
        if row.task is not None and row.template is not None and row.seed is not None:
            groups.setdefault((row.task, row.side, row.model, row.shots, row.seed, row.metric), []).append(row.score)
    found = []
    for key, scores in groups.items():
        lower, middle, upper = (float(each) for each in np.percentile(scores, [25, 50, 75]))
        if len(scores) > 1:
            found.append(Spread(*key, middle, lower, upper, len(scores)))
    return tuple(found)


def _across(pooled: Sequence[TaskReplicates], seed: int) -> tuple[Across, ...]:
    groups: dict[tuple[Side, str, int, str], list[TaskReplicates]] = {}
    for each in pooled:
        groups.setdefault((each.side, each.model, each.shots, each.metric), []).append(each)
    return tuple(_mean_over_tasks(tasks, seed) for tasks in groups.values())


def _mean_over_tasks(tasks: Sequence[TaskReplicates], seed: int) -> Across:
    first = tasks[0]
    score = sum(each.score for each in tasks) / len(tasks)
    replicates = np.stack([each.replicates for each in tasks])
    why_not = why_no_statement([each.task for each in tasks])
    random = generator(seed, "tasks", first.side, first.shots, first.metric)
    return Across(
        side=first.side,
        model=first.model,
        shots=first.shots,
        seed=first.seed if len({each.seed for each in tasks}) == 1 else None,
        metric=first.metric,
        tasks=tuple(each.task for each in tasks),
        count=sum(each.count for each in tasks),
        new_rows=_over_rows(score, replicates, first.low),
        new_tasks=None if why_not else over_tasks(score, replicates, random, first.low),
        why_not=why_not,
    )


def _over_rows(score: float, replicates: Floats, low: float) -> Interval:
    """The interval for new rows of these tasks; `replicates` [tasks, draws]."""
    if len(replicates) == 1:
        return percentile_interval(score, replicates[0], low)
    return mean_interval(score, replicates.mean(axis=0), low)


def why_no_statement(tasks: Sequence[str]) -> str:
    """Why scores on `tasks` say nothing about new tasks; empty where they do."""
    clusters = sorted({task.partition("/")[0] for task in tasks})
    if len(clusters) > 1:
        return ""
    named = "the one task is" if len(tasks) == 1 else f"all {len(tasks)} tasks are"
    return f"{named} of one cluster ({clusters[0]}): how scores vary over clusters was not observed"


def _side_row(across: Across) -> ScoreRow:
    found = across.new_rows
    return ScoreRow(
        task=None,
        template=None,
        side=across.side,
        model=across.model,
        shots=across.shots,
        seed=across.seed,
        metric=across.metric,
        score=found.score,
        low=found.low,
        high=found.high,
        count=across.count,
        detectable=found.detectable,
    )
