"""How sure a mean over seeds and tasks is: the variance of each source, apart.

A study's numbers stand in a table, a line a seed and a column a task (or cluster). Each varies with the seed, with the
task, with the two together, and with the rows that happened to be asked. Resampling seeds, tasks and rows one inside
the other counts the last two up to three times (Owen 2007, "The pigeonhole bootstrap"), so the width of an interval is
set to the variance that the table itself shows, by the classical two-way analysis (Searle, Casella and McCulloch 1992,
section 4.5), with degrees of freedom after Satterthwaite (1946).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unseen.evaluation.intervals import Floats
from unseen.study.student import MOST_FREEDOM, effective_freedom


@dataclass(frozen=True, slots=True)
class Variance:
    """Variance of a mean, and the degrees of freedom that it is known with."""

    value: float
    freedom: float


@dataclass(frozen=True, slots=True)
class Squares:
    """Mean squares of a table [seeds, units] and their degrees of freedom: between seeds, between units, and what
    neither explains; 0 where there are too few to say."""

    seeds: int
    units: int
    of_seeds: float
    of_units: float
    of_rest: float
    freedom_of_seeds: float
    freedom_of_rest: float

    @property
    def freedom_of_units(self) -> float:
        return self.units - 1.0


@dataclass(frozen=True, slots=True)
class RowNoise:
    """Variance that rows give to a cell, as resampling them shows: `shared` by the seeds, which are asked the same
    rows, and `own` of each seed."""

    shared: float
    own: float


def squares(table: Floats) -> Squares:
    """Of `table` [seeds, units]."""
    seeds, units = table.shape
    by_seed, by_unit, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    rest = table - by_seed[:, None] - by_unit[None] + mean
    left = float((seeds - 1) * (units - 1))
    return Squares(
        seeds,
        units,
        units * float(((by_seed - mean) ** 2).sum()) / (seeds - 1) if seeds > 1 else 0.0,
        seeds * float(((by_unit - mean) ** 2).sum()) / (units - 1) if units > 1 else 0.0,
        float((rest**2).sum()) / left if left else 0.0,
        seeds - 1.0,
        left,
    )


def row_noise(replicates: Floats) -> RowNoise:
    """Of `replicates` [seeds, replicates], scores under the same draws of rows."""
    if len(replicates) == 1:
        return RowNoise(float(replicates.var(ddof=1)), 0.0)
    covariance = np.cov(replicates)
    own = float(np.trace(covariance)) / len(covariance)
    shared = (float(covariance.sum()) - own * len(covariance)) / (len(covariance) * (len(covariance) - 1))
    return RowNoise(max(shared, 0.0), max(own - max(shared, 0.0), 0.0))


def over_units(found: Squares, noise: float, rows: int) -> Variance:
    """Of the mean of a table whose seeds and units are both drawn from many. It is no smaller than `noise`, what
    drawing other rows alone would make of it."""
    between = found.seeds * found.units
    parts = _positive(found) if found.seeds > 1 else [(found.of_units, found.freedom_of_units)]
    value = sum(part for part, _ in parts) / between
    if value < noise:
        return Variance(noise, rows)
    return Variance(value, effective_freedom(parts))


def _positive(found: Squares) -> list[tuple[float, float]]:
    """Mean squares that add up to the variance of the mean; a source that is estimated below none is taken as none."""
    seeds, units, rest = found.freedom_of_seeds, found.freedom_of_units, found.freedom_of_rest
    larger = found.of_seeds > found.of_rest, found.of_units > found.of_rest
    if larger == (True, True):
        return [(found.of_seeds, seeds), (found.of_units, units), (-found.of_rest, rest)]
    if larger == (True, False):
        return [(found.of_seeds, seeds)]
    if larger == (False, True):
        return [(found.of_units, units)]
    return [(found.of_rest, rest)]


def over_seeds_alone(found: Squares, noise: RowNoise, rows: int) -> Variance:
    """Of the mean over fixed units. How seeds differ holds their own row noise already; what rows all seeds share is
    added. With one seed there is row noise alone: nothing is said about other seeds."""
    if found.seeds == 1:
        return Variance(noise.shared + noise.own, rows)
    parts = [(found.of_seeds / (found.seeds * found.units), found.freedom_of_seeds), (noise.shared, float(rows))]
    value = sum(part for part, _ in parts)
    least = noise.shared + noise.own / found.seeds
    return Variance(value, min(effective_freedom(parts), MOST_FREEDOM)) if value >= least else Variance(least, rows)
