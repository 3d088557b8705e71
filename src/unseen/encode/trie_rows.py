"""A micro-batch of tries as padded arrays. Numpy only, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.encode.trie import Indices, Trie


@dataclass(frozen=True, slots=True, eq=False)
class TrieRows:
    """Tries as rows, padded on the right: `ids` int32, `position`, `end` int64, each [rows, widest].

    In a row, node j sees node i exactly when ``i <= j < end[i]``; a place that is padding sees nothing but itself.
    Edge k is predicted where the row `rows[k]` has its column `columns[k]`: token `targets[k]`, with `weights[k]`.
    The edges of trie t are [`starts[t]`, `starts[t + 1]`), in its order. `branching` says whether any trie branches:
    where none does, the rows are ordinary padded sequences under a causal mask. `nodes` counts what is not padding.
    """

    ids: NDArray[np.int32]
    position: Indices
    end: Indices
    rows: Indices
    columns: Indices
    targets: NDArray[np.int32]
    weights: NDArray[np.float64]
    starts: Indices
    nodes: int
    branching: bool


def trie_rows(tries: Sequence[Trie]) -> TrieRows:
    """The tries of one micro-batch, a row each."""
    sizes = [len(trie) for trie in tries]
    shape = (len(tries), max(sizes, default=0))
    ids, position = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int64)
    end = np.broadcast_to(np.arange(1, shape[1] + 1), shape).copy()
    for row, (trie, size) in enumerate(zip(tries, sizes, strict=True)):
        ids[row, :size], position[row, :size], end[row, :size] = trie.ids, trie.position, trie.end
    edges = [len(trie.targets) for trie in tries]
    return TrieRows(
        ids=ids,
        position=position,
        end=end,
        rows=np.repeat(np.arange(len(tries)), edges),
        columns=np.concatenate([trie.sources for trie in tries]),
        targets=np.concatenate([trie.targets for trie in tries]),
        weights=np.concatenate([trie.weights for trie in tries]),
        starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(edges)]),
        nodes=sum(sizes),
        branching=any(bool((trie.end != len(trie)).any()) for trie in tries),
    )
