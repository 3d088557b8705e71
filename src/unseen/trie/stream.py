"""Reading a trie from front to back without gradients: every node is computed once, in stretches of any size.

Nodes stand in depth-first order, so of all nodes before a stretch, what it sees is the path to its first node. The
attention cache keeps that path and nothing else. A stretch is one row of a batch, whatever roots and branches it
holds: no padding, nothing repeated, and memory of a stretch and a path, however large the trie.

With the attention by blocks (cpu_attention.py) that a CPU has, a node is masked against its block and the path to that;
with every other one, under a dense mask, against the whole stretch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache

from unseen.encode.trie import Indices, Trie
from unseen.trie.attention import TrieAttention, TrieInputs

Layers = tuple[tuple[torch.Tensor, torch.Tensor], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Nodes that were read: their numbers `nodes` [n], ascending, and of every layer their keys and values, each
    [1, heads, n, width]."""

    nodes: Indices
    layers: Layers

    def select(self, places: Indices) -> Known:
        """Those at `places`."""
        chosen = torch.from_numpy(places)
        return Known(
            self.nodes[places],
            tuple(
                (keys[:, :, chosen.to(keys.device)], values[:, :, chosen.to(keys.device)])
                for keys, values in self.layers
            ),
        )

    def and_then(self, other: Known) -> Known:
        """These and those of `other`, whose numbers are higher."""
        pairs = zip(self.layers, other.layers, strict=True) if self.layers else ()
        layers = tuple((torch.cat([a[0], b[0]], dim=2), torch.cat([a[1], b[1]], dim=2)) for a, b in pairs)
        return Known(np.concatenate([self.nodes, other.nodes]), layers or other.layers)

    def seen_from(self, trie: Trie, node: int) -> Known:
        """Those that `node`, or one behind it, can still see: the path to it."""
        return self.select(np.flatnonzero(trie.end[self.nodes] > node))


NOTHING = Known(np.empty(0, dtype=np.int64), ())


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Nodes [`start`, `stop`) of a trie, the network's first output for them, `outputs` [stop - start, width], and
    what is `known` after it: the path to `start`, and these nodes."""

    start: int
    stop: int
    outputs: torch.Tensor
    known: Known


def stretches(
    network: Any,
    attention: TrieAttention,
    trie: Trie,
    size: int,
    start: int = 0,
    stop: int | None = None,
    path: Known = NOTHING,
) -> Iterator[Stretch]:
    """The nodes [`start`, `stop`) of `trie`, `size` at a time; `path` is what `start` sees.

    The network runs as it is: set it to evaluation mode, and stay inside `inference_mode`.
    """
    stop = len(trie) if stop is None else stop
    for first in range(start, stop, size):
        last = min(first + size, stop)
        stretch = read_stretch(network, attention, trie, first, last, path)
        yield stretch
        path = stretch.known.seen_from(trie, last)


def read_stretch(network: Any, attention: TrieAttention, trie: Trie, start: int, stop: int, path: Known) -> Stretch:
    """Nodes [`start`, `stop`) behind the `path` to `start`."""
    nodes = np.concatenate([path.nodes, np.arange(start, stop)])
    inputs = _inputs(trie, nodes).to(network.device)
    behind = len(path.nodes)
    cache = DynamicCache()
    for number, (keys, values) in enumerate(path.layers):
        cache.update(keys, values, number)
    result = network(
        input_ids=inputs.ids[:, behind:],
        position_ids=inputs.position[:, behind:],
        attention_mask=attention.masks(network, inputs, behind),
        past_key_values=cache,
        use_cache=True,
    )
    known = Known(nodes, tuple((layer.keys, layer.values) for layer in cache.layers))
    return Stretch(start, stop, result[0][0], known)


def _inputs(trie: Trie, nodes: Indices) -> TrieInputs:
    """The `nodes`, ascending, as one row; `end` counts among them."""
    none = torch.empty(0, dtype=torch.int64)
    end = np.searchsorted(nodes, trie.end[nodes])
    arrays = (trie.ids[nodes].astype(np.int64), trie.position[nodes], end)
    ids, position, ends = (torch.from_numpy(each)[None] for each in arrays)
    return TrieInputs(ids, position, ends, rows=none, columns=none, branching=True, rooted=False)
