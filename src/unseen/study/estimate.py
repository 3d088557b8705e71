"""A number of a study with its 95 % interval: seeds, then tasks or clusters, then rows are drawn anew.

The draws give the interval its shape; its width is that of Student's t at the variance that `variance` finds, as the
expanded percentile bootstrap does for one source (Hesterberg 2015). The p-value is the level at which an interval of
the same shape would end at zero, so the two never disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np

from unseen.evaluation.intervals import Floats
from unseen.study.pooling import pooled
from unseen.study.student import quantile, root, two_sided
from unseen.study.variance import Variance, over_seeds_alone, over_units, row_noise, squares

Over = Literal["clusters", "tasks", "rows"]
Units = Sequence[Sequence[int]]  # places of tasks that are drawn together
Bounds = tuple[float, float]  # between which the true value must lie
ANYWHERE: Bounds = (-inf, inf)
FEWEST_UNITS = 3  # Student's t of two units is 12.7: such an interval decides nothing, so two are held fixed


@dataclass(frozen=True, eq=False)
class Observed:
    """What was seen: `values` [seeds, tasks] in points, the same under `replicates` [seeds, tasks, replicates] draws of
    rows, the `rows` of each task, and how many of them a seed was `asked`: seeds draw rows of their own where a task
    has more than are asked."""

    tasks: tuple[str, ...]
    values: Floats
    replicates: Floats
    rows: tuple[int, ...]
    asked: tuple[int, ...]

    @property
    def clusters(self) -> tuple[str, ...]:
        return tuple(task.partition("/")[0] for task in self.tasks)

    @property
    def seeds(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value in points with its 95 % limits, standard error, degrees of freedom and two-sided p-value against zero.

    `over` is what the claim is about beyond these seeds: new clusters, new tasks, or only new rows of these tasks.
    """

    value: float
    low: float
    high: float
    error: float
    freedom: float
    p: float
    over: Over
    seeds: int
    tasks: int
    clusters: int
    rows: int


def part(observed: Observed, places: Sequence[int]) -> Observed:
    """What was seen on some of the tasks."""
    return Observed(
        tuple(observed.tasks[place] for place in places),
        observed.values[:, places],
        observed.replicates[:, places],
        tuple(observed.rows[place] for place in places),
        tuple(observed.asked[place] for place in places),
    )


def claim(observed: Observed, level: str | None, wanted: Over | Literal["auto"] = "auto") -> Over:
    """What is drawn anew beside seeds and rows: what is `wanted`, as far as there are enough of it.

    `auto`: clusters where the hold-out is of clusters and there are three or more, else tasks where there are three or
    more. Fewer say nothing about others, and are held fixed.
    """
    clusters = level == "cluster" if wanted == "auto" else wanted == "clusters"
    if clusters and len(set(observed.clusters)) >= FEWEST_UNITS:
        return "clusters"
    return "tasks" if wanted != "rows" and len(observed.tasks) >= FEWEST_UNITS else "rows"


def over_tasks(observed: Observed) -> list[float]:
    """The mean over tasks, of each seed."""
    return [float(each) for each in observed.values.mean(axis=1)]


def estimate(
    observed: Observed,
    over: Over,
    random: np.random.Generator,
    bounds: Bounds = ANYWHERE,
    others: Sequence[Floats] = (),
) -> Estimate:
    """The mean over seeds of the mean over tasks, with its interval for what `over` says.

    `others` are the tables [seeds, tasks] of all arms, the compared ones too, or of what each differs by from one of
    them, where seeds move them alike (pooling.py).
    """
    units = _units(observed, over)
    weights = np.ones((1, len(observed.tasks)))
    if over != "rows":
        weights = _unit_draws(units, observed.replicates.shape[2], random)
    cells = _seed_draws(observed, random)
    value = float(observed.values.mean())
    drawn = (cells * weights).sum(axis=1) / weights.sum(axis=1)
    variance = _variance(observed, units, over, others)
    error = root(variance.value)
    t = quantile(0.975, variance.freedom)
    below, above = _shares(drawn)
    width = 2 * t * error
    low, high = value - below * width, value + above * width
    return Estimate(
        value,
        max(low, bounds[0]),
        min(high, bounds[1]),
        error,
        variance.freedom,
        _p_value(value, low, high, t, variance.freedom),
        over,
        observed.seeds,
        len(observed.tasks),
        len(set(observed.clusters)),
        sum(observed.rows),
    )


def _shares(drawn: Floats) -> tuple[float, float]:
    """How the width of an interval lies about the value: the parts below and above, as in the draws."""
    first, last = (float(each) for each in np.percentile(drawn - drawn.mean(), [2.5, 97.5]))
    below, above = max(-first, 0.0), max(last, 0.0)
    return (below / (below + above), above / (below + above)) if below + above > 0 else (0.5, 0.5)


def _p_value(value: float, low: float, high: float, t: float, freedom: float) -> float:
    """By Student's t, with the half of the interval that reaches towards zero, `t` errors, for its width."""
    half = value - low if value > 0 else high - value
    if half <= 0:
        return 1.0  # no draw changed anything, so nothing is known of how sure it is
    return two_sided(value / half * t, freedom)


def _units(observed: Observed, over: Over) -> list[list[int]]:
    """The places of tasks that are drawn together."""
    if over != "clusters":
        return [[place] for place in range(len(observed.tasks))]
    places: dict[str, list[int]] = {}
    for place, cluster in enumerate(observed.clusters):
        places.setdefault(cluster, []).append(place)
    return list(places.values())


def _unit_draws(units: Units, count: int, random: np.random.Generator) -> Floats:
    """How often each task stands in each draw [draws, tasks]."""
    drawn = random.multinomial(len(units), np.full(len(units), 1 / len(units)), size=count).astype(np.float64)
    weights = np.zeros((count, sum(map(len, units))))
    for unit, places in enumerate(units):
        weights[:, places] = drawn[:, [unit]]
    return weights


def _seed_draws(observed: Observed, random: np.random.Generator) -> Floats:
    """Values [draws, tasks] over seeds drawn anew, each draw with rows of its own. What the draws of rows move a value
    by on average, as they do a spread, is taken out."""
    seeds, _, count = observed.replicates.shape
    moved = observed.replicates - observed.replicates.mean(axis=2, keepdims=True) + observed.values[:, :, None]
    drawn = random.multinomial(seeds, np.full(seeds, 1 / seeds), size=count) / seeds
    return np.asarray(np.einsum("bs,stb->bt", drawn, moved))


def _variance(observed: Observed, units: Units, over: Over, others: Sequence[Floats]) -> Variance:
    freedom = max(sum(observed.rows) - len(observed.rows), 1)
    means = observed.replicates.mean(axis=1)
    found = pooled(squares(_table(observed.values, units)), [_table(each, units) for each in others])
    if over == "rows":
        return over_seeds_alone(found, row_noise(means), freedom)
    return over_units(found, float(means.mean(axis=0).var(ddof=1)), freedom)


def _table(values: Floats, units: Units) -> Floats:
    """[seeds, units]: how far each unit's tasks lie from the mean over all tasks, by how many tasks they are, so that
    the mean over units is the mean over tasks (the linearised ratio estimate; Cochran 1977, section 6.3)."""
    mean = values.mean(axis=1, keepdims=True)
    each = values.shape[1] / len(units)
    away = [(values[:, places] - mean).sum(axis=1) / each for places in units]
    return np.asarray(np.stack(away, axis=1) + mean)
