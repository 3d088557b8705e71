"""Replicates of a task's scores: rows resampled jointly for all templates, seeds and models that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unseen.evaluation.blocks import Block, bundled, median
from unseen.evaluation.intervals import Floats, Interval, percentile_interval, resampled, share_interval

MOST_UNITS = 10_000  # drawn from by `interval_of`: a second's work, while a million rows would take minutes


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Rows to draw from: `statistics` [rows, k], how much of a row each is, and how many are drawn."""

    statistics: Floats
    seen: Floats
    draws: int


def interval_of(block: Block, random: np.random.Generator) -> Interval:
    """A score over one template's rows with its interval: Wilson's of right and wrong answers, else of resamples."""
    score, count = float(block.totals[0]), int(block.present.sum())
    if block.is_right_or_wrong:
        return share_interval(score * count / 100, count)
    return percentile_interval(score, score_replicates([bundled(block, MOST_UNITS, random)], random)[0][:, 0])


def score_replicates(blocks: Sequence[Block], random: np.random.Generator) -> list[Floats]:
    """Scores [replicates, templates] of each block of one model (blocks differ by seed), by the same draws of rows."""
    spread = [block.values for block in blocks] if blocks[0].is_mean else []
    outcomes = [(100.0,), (0.0,)]
    return _drawn(blocks, _pool(blocks, spread, [outcome * len(blocks) for outcome in outcomes], 2.0), random)


def paired_replicates(firsts: Sequence[Block], seconds: Sequence[Block], random: np.random.Generator) -> list[Floats]:
    """Scores of the blocks of two models, first all of one, then all of the other, by the same draws of rows."""
    spread = []
    if firsts[0].is_mean:
        spread = [mean_of(b.values) - mean_of(a.values) for a, b in zip(firsts, seconds, strict=True)]
    size = len(firsts)
    outcomes = [(a,) * size + (b,) * size for a in (100.0, 0.0) for b in (100.0, 0.0)]
    return _drawn([*firsts, *seconds], _pool([*firsts, *seconds], spread, outcomes, 0.5), random)


def over_seeds(medians: Floats, random: np.random.Generator) -> Floats:
    """Means [replicates] over resampled seeds of `medians` [seeds, replicates]."""
    seeds, count = medians.shape
    drawn = random.integers(seeds, size=(seeds, count))
    return np.asarray(np.take_along_axis(medians, drawn, axis=0).mean(axis=0))


def medians_of(scores: Sequence[Floats]) -> Floats:
    """Medians over templates [blocks, replicates]."""
    return np.stack([median(each) for each in scores])


def mean_of(values: Floats) -> Floats:
    """Mean over templates [rows], NaN where a row was asked through none."""
    count = np.isfinite(values).sum(axis=1)
    return np.where(count, np.nansum(values, axis=1) / np.maximum(count, 1), np.nan)


def _pool(
    blocks: Sequence[Block], spread: Sequence[Floats], outcomes: Sequence[Sequence[float]], weight: float
) -> Pool:
    """All rows, and what `intervals` says of the edges: made-up `outcomes` (a value a block), or more of the extremes.

    Corpus-level scores (no `spread`) are resampled as they are.
    """
    rows = np.concatenate([block.flat for block in blocks], axis=1)
    seen = np.ones(len(rows))
    if not spread:
        return Pool(rows, seen, len(rows))
    across = np.concatenate([each.ravel() for each in spread])
    across = across[np.isfinite(across)]
    if all(block.is_right_or_wrong for block in blocks) or (len(across) and np.ptp(across) == 0):
        made_up = np.array([_row(blocks, outcome) for outcome in outcomes])
        weights = np.concatenate([seen, np.full(len(outcomes), weight)])
        return Pool(np.concatenate([rows, made_up]), weights, round(weights.sum()))
    if len(across):
        edges = [mean_of(np.stack([mean_of(each) if each.ndim > 1 else each for each in spread], axis=1))]
    else:  # a pair that shares no row
        edges = [mean_of(block.values) for block in blocks]
    for by_row in edges:
        seen[np.nanargmin(by_row)] += 0.5
        seen[np.nanargmax(by_row)] += 0.5
    return Pool(rows, seen, len(rows) + len(edges))


def _row(blocks: Sequence[Block], outcome: Sequence[float]) -> Floats:
    parts = [np.tile([value, 1.0], len(block.templates)) for block, value in zip(blocks, outcome, strict=True)]
    return np.concatenate(parts)


def _drawn(blocks: Sequence[Block], pool: Pool, random: np.random.Generator) -> list[Floats]:
    ends = np.cumsum([block.flat.shape[1] for block in blocks])[:-1]
    parts: list[list[Floats]] = [[] for _ in blocks]
    for sums in resampled(pool.statistics, pool.seen, pool.draws, random):
        for part, block, own in zip(parts, blocks, np.split(sums, ends, axis=1), strict=True):
            part.append(block.scores(own))
    return [_filled(np.concatenate(part)) for part in parts]


def _filled(scores: Floats) -> Floats:
    """Scores [replicates, templates], in which a draw that holds no row of a template has the score of another draw."""
    for column in scores.T:
        absent = np.isnan(column)
        if absent.any() and not absent.all():
            column[absent] = np.resize(column[~absent], absent.sum())
    return scores
