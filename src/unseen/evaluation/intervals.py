"""95 % intervals, and the smallest difference that so many rows could show.

Rows are resampled (bootstrap), all templates and both models of a pair with the same draw, so that what they share does
not count as noise. Two things mend the percentile bootstrap where it fails:

- At the edges (0 of 20 right, or no row on which two models disagree) every resample is the same and the interval would
  have no width. A few made-up rows go into the pool: for one model's right-or-wrong values two right and two wrong ones
  (Agresti and Coull 1998), for a pair half a row of each of the four outcomes (Agresti and Min 2005). Other values get
  half a row more of their extremes. The score itself never sees them.
- Over few tasks the bootstrap is too narrow: deviations are stretched by sqrt(m / (m - 1)) * t(m - 1) / z for m tasks
  (Hesterberg 2015, "What teachers should know about the bootstrap", section on expanded percentiles).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REPLICATES = 2000
Z = NormalDist().inv_cdf(0.975)
# Two-sided test at 5 %, power 80 %: delta = (z_0.975 + z_0.80) * standard error of the difference. For right-or-wrong
# pairs that is McNemar's test with the observed discordance (Miettinen 1968; Connor 1987, who inverts it for rows).
POWER = Z + NormalDist().inv_cdf(0.80)
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
LARGEST_DRAW = 2**22  # weights held at once


@dataclass(frozen=True, slots=True)
class Interval:
    """A score or a difference, 0..100 (or -100..100), with 95 % limits and the difference that could be shown."""

    score: float
    low: float
    high: float
    detectable: float

    @property
    def limits(self) -> tuple[float | None, float | None, float | None]:
        """Low, high and detectable; none where every resample gave the same, as BLEU does of zeros: no interval."""
        return (self.low, self.high, self.detectable) if self.low < self.high else (None, None, None)


def wilson(right: float, count: int) -> tuple[float, float]:
    """Wilson's limits, 0..100, of a share of `right` in `count` (Wilson 1927)."""
    share, z2 = right / count, Z * Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)


def share_interval(right: float, count: int) -> Interval:
    """A share of right answers with Wilson's interval; its standard error takes Agresti and Coull's four rows in."""
    low, high = wilson(right, count)
    share = (right + 2) / (count + 4)
    return Interval(100 * right / count, low, high, unpaired(100 * sqrt(share * (1 - share) / (count + 4))))


def unpaired(error: float) -> float:
    """Difference that could be shown between two models with this standard error, each asked rows of its own."""
    return POWER * sqrt(2) * error


def resampled(pool: Floats, seen: Floats, draws: int, random: np.random.Generator) -> Iterator[Floats]:
    """Statistics summed over resampled rows, in parts [replicates, k].

    `pool` [rows, k] holds the statistics of the rows and the made-up rows, `seen` [rows] how much of a row each is;
    `draws` are taken at a time.
    """
    size = max(1, LARGEST_DRAW // len(pool))
    for start in range(0, REPLICATES, size):
        count = min(size, REPLICATES - start)
        yield random.multinomial(draws, seen / seen.sum(), size=count).astype(np.float64) @ pool


def percentile_interval(score: float, replicates: Floats, low: float = 0.0) -> Interval:
    """The middle 95 % of `replicates`, widened if need be so that it holds the score.

    `low` is the least possible value: 0, or -100 for a difference, whose `detectable` is then the paired one.
    """
    first, last = np.nanpercentile(replicates, [2.5, 97.5])
    error = float(np.nanstd(replicates, ddof=1))
    shown = POWER * error if low < 0 else unpaired(error)
    return Interval(score, float(min(first, score)), float(max(last, score)), shown)


def mean_interval(score: float, replicates: Floats, low: float = 0.0) -> Interval:
    """As `percentile_interval`, of a mean over tasks: how far the draws lie from their own mean, around the score.

    The made-up rows move every task of few rows the same way. In a mean over tasks the shifts add up while the noise
    averages out: 19 tasks of 25 rows, 4 in 100 right, were said to be above the score in every second case.
    """
    centred = np.clip(replicates - np.nanmean(replicates) + score, low, 100.0)
    return percentile_interval(score, centred, low)


def over_tasks(score: float, replicates: Floats, random: np.random.Generator, low: float = 0.0) -> Interval:
    """Interval for the mean over new tasks: `replicates` [tasks, replicates] of at least two tasks.

    Tasks are resampled, and of each task drawn a replicate, in which its rows (and seeds) are resampled already.
    """
    tasks, count = replicates.shape
    drawn = random.integers(tasks, size=(count, tasks))
    means = replicates[drawn, random.integers(count, size=(count, tasks))].mean(axis=1)
    stretch = sqrt(tasks / (tasks - 1)) * student(tasks - 1) / Z
    stretched = score + (means - means.mean()) * stretch
    found = percentile_interval(score, stretched, low)
    return Interval(score, max(found.low, low), min(found.high, 100.0), found.detectable)


def student(freedom: int) -> float:
    """Student's t at 97.5 %: a table up to 10 degrees of freedom, then Fisher's expansion (good to 0.003)."""
    if freedom <= len(STUDENT):
        return STUDENT[freedom - 1]
    return Z + (Z**3 + Z) / (4 * freedom) + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * freedom**2)
