"""How many draws each task has had at every bound: exact sums, never off by one or more, nothing ever taken back.

Rounding each bound by itself (largest remainder) can take a draw back from a rare task when the total grows, the
Alabama paradox. Instead the remainders are carried over and the draw that falls due first goes first. Draw k of a task
may come once its ideal count exceeds k and must have come once the ideal reaches k + 1. These windows always have a
solution (the fluid schedule is one), and the earliest deadline first finds it (Glover 1967, for convex bipartite
graphs; the windows are those of proportionate fairness, Baruah et al. 1996).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.errors import TaskMistake

Counts = NDArray[np.int64]
MOST = 2**63  # numbers of 64 bits end here


def counts_through(weights: Sequence[int], bounds: NDArray[np.int64]) -> Iterator[tuple[Counts, Counts]]:
    """Cumulative counts int64 [tasks] before and after each stretch between neighbouring `bounds`, which begin at 0.

    The ideal count of a task at bound p is p * weight / sum(weights); a count is always its floor or its ceiling.
    Raises `TaskMistake` where weights times bounds are too large for whole numbers of 64 bits.
    """
    total = sum(weights)
    if total * int(bounds[-1]) >= MOST:
        what = "has rates that are too far apart to be drawn exactly"
        raise TaskMistake("mixture", what, "use mixture.rate: examples, or a smaller diversity.ratio")
    share = np.asarray(weights, dtype=np.int64)
    counts = np.zeros(len(share), dtype=np.int64)
    for bound in bounds[1:].tolist():
        after = _advance(counts, share, total, bound)
        yield counts, after
        counts = after


def _advance(counts: Counts, share: Counts, total: int, bound: int) -> Counts:
    due, rest = np.divmod(share * bound, total)
    after = np.maximum(counts, due)
    spare = bound - int(after.sum())
    if spare:
        may = np.flatnonzero((after == due) & (rest > 0))
        # Bound at which the next draw of a task must have come: where its ideal reaches a whole number.
        deadline = -(-(after[may] + 1) * total // share[may])
        first = np.lexsort((may, -rest[may], deadline))[:spare]
        after[may[first]] += 1
    return after
