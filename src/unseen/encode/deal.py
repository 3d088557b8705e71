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
from unseen.encode.cut import cheapest_cut
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

    def weigh(starts: Indices, end: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        nodes = ordered.length[starts] + fresh[end] - fresh[starts + 1]
        one_root = np.where(starts < last_root[end - 1], np.inf, nodes)
        return one_root, nodes * (1 + nodes / width)

    return [
        Row(tuple(ordered.order[start:end].tolist()), int(weigh(np.array([start]), end)[0][0]))
        for start, end in cheapest_cut(len(ordered.order), budget, weigh)
    ]


def _last_root(common: Indices) -> Indices:
    """For each sorted sequence, the first of those that share their first token with it and stand beside it."""
    place: Indices = np.maximum.accumulate(np.where(common == 0, np.arange(len(common)), 0))
    return place
