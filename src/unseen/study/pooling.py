"""How seeds move the arms of a study, from all of its arms together: three seeds of one arm say little of that, three
seeds of six arms say a good deal.

Of arms by seeds (by tasks), whatever all arms share under a seed cancels in a difference; what is left over, the
interaction of arm and seed, is what makes a difference of two arms vary from seed to seed, twice its mean square with
(arms - 1)(seeds - 1) degrees of freedom (the analysis of variance of a randomised block design, seeds as blocks; as in
Dunnett 1955, where many arms share a control). It takes seeds to move all arms about equally. Where two arms differ
from seed to seed far more than that (F test at 10 %), their own numbers stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unseen.evaluation.intervals import Floats
from unseen.study.student import f_tail
from unseen.study.variance import Squares

FEWEST_ARMS = 3
UNLIKE = 0.1


@dataclass(frozen=True, slots=True)
class Table:
    """An arm's numbers: `cells` a line a seed, in it one a task."""

    seeds: tuple[int, ...]
    tasks: tuple[str, ...]
    cells: tuple[tuple[float, ...], ...]

    def part(self, seeds: Sequence[int], tasks: Sequence[str]) -> Floats | None:
        """[seeds, tasks]; None where the arm lacks one of them."""
        if not set(seeds) <= set(self.seeds) or not set(tasks) <= set(self.tasks):
            return None
        lines, columns = (
            [own.index(each) for each in wanted] for own, wanted in ((self.seeds, seeds), (self.tasks, tasks))
        )
        return np.asarray(np.array(self.cells)[np.ix_(lines, columns)])


def pooled(own: Squares, tables: Sequence[Floats]) -> Squares:
    """The mean squares of a difference with those of seeds taken from all arms' `tables` (each [seeds, tasks], of the
    same seeds and tasks; or all of them less the same one); `own` itself where that cannot be."""
    if len(tables) < FEWEST_ARMS or own.seeds < 2:
        return own
    cells = np.stack(tables)
    arms, seeds, tasks = cells.shape
    by_seed = cells.mean(axis=2)
    of_seeds = 2 * tasks * float((_interaction(by_seed) ** 2).sum()) / ((arms - 1) * (seeds - 1))
    freedom = float((arms - 1) * (seeds - 1))
    if of_seeds <= 0 or f_tail(own.of_seeds / of_seeds, own.freedom_of_seeds, freedom) < UNLIKE:
        return own
    found = replace(own, of_seeds=of_seeds, freedom_of_seeds=freedom)
    if tasks == 1:
        return found
    rest = _interaction(cells.reshape(arms, -1)).reshape(cells.shape)
    rest = rest - rest.mean(axis=1, keepdims=True) - rest.mean(axis=2, keepdims=True)
    many = freedom * (tasks - 1)
    return replace(found, of_rest=2 * float((rest**2).sum()) / many, freedom_of_rest=many)


def _interaction(cells: Floats) -> Floats:
    """What is left of `cells` [arms, others] without what each arm and each other has by itself."""
    return np.asarray(cells - cells.mean(axis=0) - cells.mean(axis=1, keepdims=True) + cells.mean())
