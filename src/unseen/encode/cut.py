"""Where to cut a row of things into runs, so that all runs together cost least."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Numbers = NDArray[Any]


def cheapest_cut(
    count: int, budget: float, weigh: Callable[[Indices, int], tuple[Numbers, Numbers]]
) -> list[tuple[int, int]]:
    """The runs [start, end) that cover `count` things at the least cost, by dynamic programming.

    `weigh(starts, end)` says what the runs from each of `starts` (ascending) to `end` take of the budget, and what they
    cost. What a run takes may not shrink when it grows at either end. A run stays within `budget`; a single thing may
    not. Time is `count` times the things of a run; of cuts that cost the same, this takes the longest last run.
    """
    costs, cuts = np.zeros(count + 1), np.zeros(count + 1, dtype=np.int64)
    earliest = 0
    for end in range(1, count + 1):
        starts = np.arange(earliest, end)
        taken, cost = weigh(starts, end)
        # What is over the budget once stays over it for every later end.
        keep = min(int(np.searchsorted(-taken, -budget)), len(starts) - 1)
        total = costs[starts[keep:]] + cost[keep:]
        best = int(np.argmin(total))
        costs[end], cuts[end], earliest = total[best], starts[keep + best], earliest + keep
    runs: list[tuple[int, int]] = []
    end = count
    while end:
        runs.append((int(cuts[end]), end))
        end = int(cuts[end])
    return runs[::-1]
