"""Padded micro-batches: which examples run together, and the arrays that they become."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.encode.encoded import Encoded


@dataclass(frozen=True, slots=True)
class Padded:
    """Rows of one micro-batch, padded on the right to the longest: each array is [rows, longest].

    `mask` is True where a row has a token. It comes from the lengths, never from a token id: the id that fills the
    rest (0) is an ordinary token elsewhere, and many models pad with their end token, which must stay supervised.
    """

    ids: NDArray[np.int32]
    weights: NDArray[np.float32]
    mask: NDArray[np.bool_]


# What one more micro-batch costs beside its positions, as so many positions. Rows are split by length where that
# saves more padding than this.
PER_BATCH = 128


def plan_batches(lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Indices of the examples of each micro-batch, every example in exactly one of them.

    Rows times longest stays within `batch_tokens`; an example longer than that runs alone. Of all ways to cut the
    examples, sorted by length, this one computes the fewest positions, padding and `PER_BATCH` included. The longest
    come first, so that too small a memory shows at once. An optimizer step is computed from all its micro-batches, so
    the cut changes no result.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    ordered = [lengths[index] for index in order]
    costs, starts = [0], [0]  # of the cheapest cut of the first n examples, and where its last batch starts
    for end in range(1, len(order) + 1):
        cost, start = min(_last_batches(ordered, end, costs, batch_tokens))
        costs.append(cost)
        starts.append(start)
    batches: list[list[int]] = []
    end = len(order)
    while end:
        batches.append(order[starts[end] : end])
        end = starts[end]
    return batches[::-1]


def _last_batches(
    ordered: Sequence[int], end: int, costs: Sequence[int], batch_tokens: int
) -> Iterator[tuple[int, int]]:
    """(cost of all, start) for each batch that may end at `end`, where the first n of `ordered` cost `costs[n]`."""
    for start in range(end - 1, -1, -1):
        positions = ordered[start] * (end - start)
        if start < end - 1 and positions > batch_tokens:
            return
        yield costs[start] + positions + PER_BATCH, start


def pad(batch: Sequence[Encoded]) -> Padded:
    """The examples of `batch` as rows of equal length."""
    lengths = np.array([len(each.ids) for each in batch])
    shape = (len(batch), int(lengths.max(initial=0)))
    ids, weights = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.float32)
    for row, each in enumerate(batch):
        ids[row, : len(each.ids)] = each.ids
        weights[row, : len(each.ids)] = each.weights
    return Padded(ids, weights, np.arange(shape[1]) < lengths[:, None])
