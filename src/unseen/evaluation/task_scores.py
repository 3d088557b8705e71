"""The scores of one task: each template, the median over templates, and the paired difference of two models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.evaluation.blocks import Block, RowId, block_of, median
from unseen.evaluation.intervals import Floats, Interval, percentile_interval, share_interval
from unseen.evaluation.prediction import Prediction, Side
from unseen.evaluation.resample import medians_of, over_seeds, paired_replicates, score_replicates
from unseen.task.seeds import generator
from unseen.task.variants import base_name

# Label of a difference: what is subtracted from what. `base_plain` is the base model asked GPT-3-style templates.
PAIRS = {"difference": ("base", "tuned"), "difference_plain": ("base_plain", "tuned")}


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One entry of `scores.json`.

    `template` None: median over templates; `task` None: mean over the tasks of a side; `seed` None: mean over several
    seeds. `count` is the number of rows. `low` and `high` are 95 % limits for new rows of these tasks (`Across` has
    those for new tasks). `detectable`: the smallest difference that 80 % power would show, for
    a difference between these two models on these rows (paired), for a score against a model asked other rows.
    """

    task: str | None
    template: str | None
    side: Side
    model: str
    shots: int
    seed: int | None
    metric: str
    score: float
    low: float | None
    high: float | None
    count: int
    detectable: float | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class TaskReplicates:
    """A task's median score over all seeds, and its replicates under resampled rows and seeds."""

    task: str
    side: Side
    model: str
    shots: int
    seed: int | None
    metric: str
    score: float
    replicates: Floats
    count: int
    low: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """Blocks by (model, seed) of one task, side, number of shots and metric; all over the same `count` rows."""

    task: str
    side: Side
    shots: int
    metric: str
    count: int
    blocks: Mapping[tuple[str, int], Block]
    seed: int

    def random(self) -> np.random.Generator:
        """The same draws for every model, template and metric of a task."""
        return generator(self.seed, "bootstrap", base_name(self.task))

    def seeds_of(self, *models: str) -> list[int]:
        """Seeds under which all of `models` were asked."""
        return sorted(
            seed for model, seed in self.blocks if model == models[0] and all((m, seed) in self.blocks for m in models)
        )


def cells_of(predictions: Sequence[Prediction], seed: int) -> Iterator[Cell]:
    """The cells of predictions, in the order in which they come."""
    groups: dict[tuple[str, Side, int, str], dict[tuple[str, int], list[Prediction]]] = {}
    rows: dict[tuple[str, Side], dict[RowId, int]] = {}
    for each in predictions:
        known = rows.setdefault((each.task, each.side), {})
        known.setdefault(each.row_id, len(known))
        for metric in each.metrics:
            asked = groups.setdefault((each.task, each.side, each.shots, metric), {})
            asked.setdefault((label_of(each), each.seed), []).append(each)
    for (task, side, shots, metric), found in groups.items():
        numbers = rows[task, side]
        blocks = {key: block_of(chosen, metric, numbers) for key, chosen in found.items()}
        yield Cell(task, side, shots, metric, len(numbers), blocks, seed)


def label_of(prediction: Prediction) -> str:
    """The model's name in scores; answers to plain prompts are told apart."""
    return f"{prediction.model}_plain" if prediction.plain else prediction.model


def scores_of(cell: Cell) -> tuple[list[ScoreRow], list[TaskReplicates]]:
    """Every score of a cell, and those over templates and seeds that means over tasks are made of."""
    rows: list[ScoreRow] = []
    pooled: list[TaskReplicates] = []
    for measured in [*_models(cell), *_differences(cell)]:
        rows += _rows_of(cell, measured)
        pooled.append(_pooled(cell, measured))
    return rows, pooled


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A model's scores, or the differences of two, by seed: of each template and of their median, with replicates.

    `low` is the least possible value. `counts` are rows by template; `shares` says that values are right or wrong.
    """

    label: str
    seeds: Sequence[int]
    templates: tuple[str, ...]
    scores: Sequence[Floats]  # [templates] a seed
    replicates: Sequence[Floats]  # [replicates, templates] a seed
    medians: Sequence[float]
    median_replicates: Floats  # [seeds, replicates]
    counts: Sequence[NDArray[np.int64]]
    shares: bool
    low: float = 0.0


def _models(cell: Cell) -> Iterator[Measured]:
    for model in dict.fromkeys(model for model, _ in cell.blocks):
        seeds = cell.seeds_of(model)
        blocks = [cell.blocks[model, seed] for seed in seeds]
        replicates = score_replicates(blocks, cell.random())
        scores = [block.totals for block in blocks]
        yield Measured(
            model,
            seeds,
            blocks[0].templates,
            scores,
            replicates,
            [float(median(each)) for each in scores],
            medians_of(replicates),
            [block.present.sum(axis=0) for block in blocks],
            all(block.is_right_or_wrong for block in blocks),
        )


def _differences(cell: Cell) -> Iterator[Measured]:
    """Second model minus first: of the templates that both were asked, and of the medians over templates."""
    for label, (first, second) in PAIRS.items():
        seeds = cell.seeds_of(first, second)
        if not seeds:
            continue
        before, after = ([cell.blocks[model, seed] for seed in seeds] for model in (first, second))
        drawn = paired_replicates(before, after, cell.random())
        old, new = drawn[: len(seeds)], drawn[len(seeds) :]
        shared = tuple(name for name in after[0].templates if name in before[0].templates)
        left, right = ([block.templates.index(name) for name in shared] for block in (before[0], after[0]))
        yield Measured(
            label,
            seeds,
            shared,
            [b.totals[right] - a.totals[left] for a, b in zip(before, after, strict=True)],
            [b[:, right] - a[:, left] for a, b in zip(old, new, strict=True)],
            [float(median(b.totals) - median(a.totals)) for a, b in zip(before, after, strict=True)],
            medians_of(new) - medians_of(old),
            [(a.present[:, left] & b.present[:, right]).sum(axis=0) for a, b in zip(before, after, strict=True)],
            False,
            -100.0,
        )


def _rows_of(cell: Cell, measured: Measured) -> Iterator[ScoreRow]:
    for place, seed in enumerate(measured.seeds):
        for column, template in enumerate(measured.templates):
            interval = _template_interval(measured, place, column)
            yield _row(cell, measured.label, template, seed, interval, int(measured.counts[place][column]))
        yield _row(cell, measured.label, None, seed, _median_interval(measured, place), cell.count)
    if len(measured.seeds) > 1:
        pooled = _pooled(cell, measured)
        interval = percentile_interval(pooled.score, pooled.replicates, measured.low)
        yield _row(cell, measured.label, None, None, interval, cell.count)


def _median_interval(measured: Measured, place: int) -> Interval:
    """Of the median over templates; over a single one it is that one's own."""
    if len(measured.templates) == 1:
        return _template_interval(measured, place, 0)
    return percentile_interval(measured.medians[place], measured.median_replicates[place], measured.low)


def _template_interval(measured: Measured, place: int, column: int) -> Interval:
    score = float(measured.scores[place][column])
    if measured.shares:
        count = int(measured.counts[place][column])
        return share_interval(score * count / 100, count)
    return percentile_interval(score, measured.replicates[place][:, column], measured.low)


def _pooled(cell: Cell, measured: Measured) -> TaskReplicates:
    seeds = measured.seeds
    return TaskReplicates(
        cell.task,
        cell.side,
        measured.label,
        cell.shots,
        seeds[0] if len(seeds) == 1 else None,
        cell.metric,
        sum(measured.medians) / len(seeds),
        over_seeds(measured.median_replicates, cell.random()),
        cell.count,
        measured.low,
    )


def _row(cell: Cell, label: str, template: str | None, seed: int | None, interval: Interval, count: int) -> ScoreRow:
    low, high, detectable = interval.limits
    return ScoreRow(
        cell.task,
        template,
        cell.side,
        label,
        cell.shots,
        seed,
        cell.metric,
        interval.score,
        low,
        high,
        count,
        detectable,
    )
