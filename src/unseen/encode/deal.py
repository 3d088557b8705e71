"""Which sequences run together: rows that are subtrees, and micro-batches of rows, at the least cost.

A row of a batch is a trie with one root, so that unrelated sequences never share a mask. Sequences of one root may
still be dealt to several rows, which repeat their trunk: a short trunk (a chat header) is cheaper to compute again
than to have everything behind it in one wide mask. Numpy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.encode.batch import plan_batches
from unseen.encode.trie import Indices, Sorted, sort_sequences

# The width of a row at which attention costs as much as everything else of a position: over a dense mask, and where a
# node reads only the path to it, so that what it reads does not grow with its row. In operations it would be six times
# the hidden size; under a mask, attention runs at a fraction of the speed of a matrix product.
ATTENTION_WIDTH = 1024
PATHS_WIDTH = 65_536


@dataclass(frozen=True, slots=True)
class Row:
    """Sequences (by index) that run as one trie of `nodes` nodes."""

    members: tuple[int, ...]
    nodes: int


def deal(
    sequences: Sequence[NDArray[np.int32]], lengths: Sequence[int], budget: int, width: int = ATTENTION_WIDTH
) -> list[list[Row]]:
    """Micro-batches of rows for the first `lengths[s]` tokens of each sequence, every sequence in exactly one row.

    Rows times the widest of them stays within `budget` nodes; a sequence longer than that runs alone. `width` is
    the width of a row at which attention costs as much as the rest of a position: small where it goes over a dense
    mask, large where it reads paths only. The widest rows come first.
    """
    rows = deal_rows(sort_sequences(sequences, lengths), budget, width)
    return [[rows[index] for index in batch] for batch in plan_batches([row.nodes for row in rows], budget)]


def deal_rows(ordered: Sorted, budget: int, width: int = ATTENTION_WIDTH) -> list[Row]:
    """The cheapest way to cut the sorted sequences into rows, each a run of them that begin alike.

    A row of n nodes costs n (1 + n / width). This is exact among all cuts of the order, and no grouping of
    sequences computes fewer nodes than one of neighbours.
    """
    fresh = np.concatenate([[0], np.cumsum(ordered.length - ordered.common)])
    last_root = _last_root(ordered.common)
    count = len(ordered.order)
    cost, cut, size = np.zeros(count + 1), np.zeros(count + 1, dtype=np.int64), np.zeros(count + 1, dtype=np.int64)
    earliest = 0
    for end in range(1, count + 1):
        earliest = max(earliest, int(last_root[end - 1]))
        starts = np.arange(earliest, end)
        nodes = ordered.length[starts] + fresh[end] - fresh[starts + 1]
        # Nodes never grow with the start, so what is over the budget once stays over it for every later end.
        fitting = int(np.searchsorted(-nodes, -budget))
        keep = min(fitting, len(starts) - 1)
        starts, nodes, earliest = starts[keep:], nodes[keep:], earliest + keep
        total = cost[starts] + nodes * (1 + nodes / width)
        best = int(np.argmin(total))
        cost[end], cut[end], size[end] = total[best], starts[best], nodes[best]
    return _rows(ordered.order, cut, size)


def _last_root(common: Indices) -> Indices:
    """For each sorted sequence, the first of those that share their first token with it and stand beside it."""
    place: Indices = np.maximum.accumulate(np.where(common == 0, np.arange(len(common)), 0))
    return place


def _rows(order: Indices, cut: Indices, size: Indices) -> list[Row]:
    rows: list[Row] = []
    end = len(order)
    while end:
        start = int(cut[end])
        rows.append(Row(tuple(order[start:end].tolist()), int(size[end])))
        end = start
    return rows[::-1]
