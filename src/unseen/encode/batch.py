"""Padded micro-batches: which examples run together, and the arrays that they become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.encode.cut import cheapest_cut
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
    ordered = np.array([lengths[index] for index in order], dtype=np.int64)

    def weigh(starts: NDArray[np.int64], end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        positions = ordered[starts] * (end - starts)
        return positions, positions + PER_BATCH

    return [order[start:end] for start, end in cheapest_cut(len(order), batch_tokens, weigh)]


def pad(batch: Sequence[Encoded]) -> Padded:
    """The examples of `batch` as rows of equal length."""
    lengths = np.array([len(each.ids) for each in batch])
    shape = (len(batch), int(lengths.max(initial=0)))
    ids, weights = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.float32)
    for row, each in enumerate(batch):
        ids[row, : len(each.ids)] = each.ids
        weights[row, : len(each.ids)] = each.weights
    return Padded(ids, weights, np.arange(shape[1]) < lengths[:, None])
