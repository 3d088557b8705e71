"""What a study can show: from how a pilot's numbers vary, the smallest difference that so many seeds, arms and rows
would show, and how many of them a difference needs.

A paired difference d of two arms varies with the seed (variance `seed`), with the task (`task`), with both together
(`both`), and with the rows asked, which seeds share (`rows`) or which strike each seed apart (`rows_own`); the last two
shrink with the rows of a task. Over S seeds and T tasks of n rows, against n0 in the pilot, its mean has the variance

    seed / S + task / T + both / (S T) + rows n0 / (n T) + rows_own n0 / (n S T)

without `task` where the claim is about new rows of the same tasks only. A difference is shown in 80 of 100 studies when
it is t(1 - level / 2 m) + t(0.8) standard errors, m comparisons (the first step of Holm's correction), with
Satterthwaite's degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from unseen.evaluation.intervals import Floats
from unseen.study.estimate import Observed, Over
from unseen.study.pooling import pooled
from unseen.study.student import effective_freedom, quantile
from unseen.study.variance import row_noise, squares

POWER = 0.8
SEEDS = (*range(2, 11), 12, 16, 20, 24, 32, 48, 64)  # that a plan considers
MOST_ROWS = 10_000  # of a task


@dataclass(frozen=True, slots=True)
class Pilot:
    """Variances of one cell (a seed on a task), in squared points, and what they were found from.

    `knows_seeds` is False of one seed, which shows nothing of how seeds differ. `family` is how many arms together said
    how they do, the one that they are compared with among them (pooling.py); 0 where the two arms alone did.
    `fixed_seconds` a run takes whatever its rows, `row_seconds` for each row of a task (over all tasks).
    """

    seed: float
    task: float
    both: float
    rows_shared: float
    rows_own: float
    seeds: int
    tasks: int
    rows: int
    over: Over
    family: int = 0
    fixed_seconds: float = 0.0
    row_seconds: float = 0.0
    level: float = 0.05

    @property
    def knows_seeds(self) -> bool:
        return self.seeds > 1


def pilot_of(observed: Observed, over: Over, level: float = 0.05, others: Sequence[Floats] = ()) -> Pilot:
    """The variances behind one comparison; `others` as for `estimate`. Clusters are taken as tasks here: how much a
    number of tasks can show."""
    own_squares = squares(observed.values)
    found = pooled(own_squares, others)
    family = 0 if found is own_squares else len(others)
    noises = [row_noise(observed.replicates[:, place]) for place in range(len(observed.tasks))]
    shared, own = (float(np.mean([getattr(each, name) for each in noises])) for name in ("shared", "own"))
    seeds, tasks = observed.values.shape
    if tasks == 1:
        seed = max(found.of_seeds - own, 0.0) if seeds > 1 else 0.0
        return Pilot(seed, 0.0, 0.0, shared, own, seeds, 1, _rows(observed), over, family, level=level)
    both = max(found.of_rest - own, 0.0)
    task = max((found.of_units - found.of_rest) / seeds - shared, 0.0)
    seed = max((found.of_seeds - found.of_rest) / tasks, 0.0)
    return Pilot(seed, task, both, shared, own, seeds, tasks, _rows(observed), over, family, level=level)


def _rows(observed: Observed) -> int:
    """Rows of a task that one seed was asked, which is what a recipe's `evaluate.rows` sets."""
    return max(round(sum(observed.asked) / len(observed.asked)), 1)


def together(pilots: Sequence[Pilot]) -> Pilot:
    """One pilot of several comparisons: the mean of their variances."""

    def mean(name: str) -> float:
        return float(np.mean([getattr(each, name) for each in pilots]))

    return Pilot(
        seed=mean("seed"),
        task=mean("task"),
        both=mean("both"),
        rows_shared=mean("rows_shared"),
        rows_own=mean("rows_own"),
        seeds=min(each.seeds for each in pilots),
        tasks=min(each.tasks for each in pilots),
        rows=min(each.rows for each in pilots),
        over=pilots[0].over,
        family=min(each.family for each in pilots),
        fixed_seconds=mean("fixed_seconds"),
        row_seconds=mean("row_seconds"),
        level=pilots[0].level,
    )


def smallest_difference(pilot: Pilot, seeds: int, arms: int, rows: int, tasks: int | None = None) -> float:
    """The smallest true difference, in points, that 80 of 100 such studies would show.

    `arms` are the comparisons that Holm's correction is over, `rows` those of a task, `tasks` the pilot's when None.
    """
    error, freedom = _error(pilot, seeds, rows, tasks or pilot.tasks)
    return (quantile(1 - pilot.level / (2 * arms), freedom) + quantile(POWER, freedom)) * error


def decided_width(pilot: Pilot, seeds: int, arms: int, rows: int, tasks: int | None = None) -> float:
    """As `smallest_difference`, for a decision either way: a true difference of zero would in 80 of 100 studies have
    an interval that lies within plus and minus this, too."""
    error, freedom = _error(pilot, seeds, rows, tasks or pilot.tasks)
    equal = (quantile(0.975, freedom) + quantile((1 + POWER) / 2, freedom)) * error
    return max(smallest_difference(pilot, seeds, arms, rows, tasks), equal)


def needed(pilot: Pilot, difference: float, arms: int) -> tuple[int, int] | None:
    """Seeds and rows a task with which a study decides about a `difference` (points), the cheapest such pair; None
    where no number of them is enough, since tasks differ too much: then see `needed_tasks`."""
    best, cost = None, inf
    for seeds in SEEDS:
        rows = _fewest_rows(pilot, difference, arms, seeds)
        if rows is None:
            continue
        seconds = seeds * (pilot.fixed_seconds + pilot.row_seconds * rows) or float(seeds * rows)
        if seconds < cost:
            best, cost = (seeds, rows), seconds
    return best


def _fewest_rows(pilot: Pilot, difference: float, arms: int, seeds: int) -> int | None:
    low, high = 0, MOST_ROWS
    if decided_width(pilot, seeds, arms, high) > difference:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if decided_width(pilot, seeds, arms, middle) > difference else (low, middle)
    return high


def needed_tasks(pilot: Pilot, difference: float, arms: int, most: int = 10_000) -> int | None:
    """Tasks with which the pilot's seeds and rows decide about a `difference`; None where none under `most` do."""
    seeds, low, high = max(pilot.seeds, 2), 1, most
    if decided_width(pilot, seeds, arms, pilot.rows, high) > difference:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        wide = decided_width(pilot, seeds, arms, pilot.rows, middle) > difference
        low, high = (middle, high) if wide else (low, middle)
    return high


def _error(pilot: Pilot, seeds: int, rows: int, tasks: int) -> tuple[float, float]:
    """Standard error of a difference and its degrees of freedom; of seeds, those that pooling.py has of a family."""
    of_seeds = (seeds - 1.0) * max(pilot.family - 1, 1)
    noise = pilot.rows / rows
    own = (pilot.both + pilot.rows_own * noise) / (seeds * tasks)
    by_seed = pilot.seed / seeds + own
    shared = pilot.rows_shared * noise / tasks
    many = float(max(rows * tasks - tasks, 1))
    if pilot.over == "rows":
        parts = [(by_seed, of_seeds), (shared, many)] if seeds > 1 else [(shared + by_seed, many)]
    else:
        by_task = pilot.task / tasks + shared + own
        parts = [(by_task, tasks - 1.0)] if tasks > 1 else [(by_task, many)]
        if seeds > 1:
            parts += [(by_seed, of_seeds), (-own, of_seeds * max(tasks - 1.0, 1.0))]
    return sqrt(max(sum(part for part, _ in parts), 0.0)), effective_freedom(parts)
