"""The trie of a set of token sequences: every distinct prefix once, in depth-first order. Numpy only, no torch.

Instruction data repeats its prompts, so a set of examples holds far fewer distinct prefixes than tokens. A model that
runs over the trie computes each of them once, and every sequence finds its own states on its path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Indices = NDArray[np.int64]
Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Trie:
    """Nodes in depth-first order, and the edges that are predicted.

    Node i holds token `ids[i]`; `parent[i]` is -1 for a root; `position[i]` is its depth; `end[i]` is one past its
    subtree, so that node j sees node i exactly when ``i <= j < end[i]``. All are [nodes].

    Edge k asks for token `targets[k]` after node `sources[k]`, with `weights[k]`, the sum over all sequences that ask
    for it. A token after which nothing is predicted has no node: nobody would read its state.

    `asked[starts[s] : starts[s + 1]]` are the edges that sequence s asks for, in its order.
    """

    ids: Ids
    parent: Indices
    position: Indices
    end: Indices
    sources: Indices
    targets: Ids
    weights: NDArray[np.float64]
    asked: Indices
    starts: Indices

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """Sequences in lexicographic order, in which those that begin alike stand together.

    `order` [sequences]: which sequence comes when. `tokens`: their read tokens (up to the last that something is
    predicted after), joined in that order. `length` [sequences]: how many each has; `common` [sequences]: how many of
    them it shares with the one before it, 0 for the first.
    """

    order: Indices
    tokens: Ids
    length: Indices
    common: Indices

    @property
    def offsets(self) -> Indices:
        """Where each sequence begins in `tokens`; [sequences + 1]."""
        return _offsets(self.length)


def read_length(weights: Weights) -> int:
    """How many tokens a model must read of a sequence: all before the last one with a weight."""
    asked = np.flatnonzero(weights[1:])
    return int(asked[-1]) + 1 if len(asked) else 0


def sort_sequences(sequences: Sequence[Ids], lengths: Sequence[int]) -> Sorted:
    """The first `lengths[s]` tokens of each sequence, sorted; equal ones keep their order."""
    # Big-endian bytes of ids compare as the ids do, and a sequence comes before those that it is the start of.
    keys = [each[:length].astype(">u4").tobytes() for each, length in zip(sequences, lengths, strict=True)]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    tokens = np.frombuffer(b"".join(keys[index] for index in order), dtype=">u4").astype(np.int32)
    length = np.asarray(lengths, dtype=np.int64)[order]
    return Sorted(order, tokens, length, _common(tokens, length))


def _common(tokens: Ids, length: Indices) -> Indices:
    """How many tokens each of the joined sequences shares with the one before it."""
    if len(length) < 2:
        return np.zeros(len(length), dtype=np.int64)
    # Every sequence is ended by what differs from any token and from its neighbours' ends, so that a pair differs
    # at the latest where the shorter one ends.
    ended = np.insert(tokens, np.cumsum(length), -1 - np.arange(len(length)) % 2)
    begins = _offsets(length + 1)
    places = np.minimum(length[1:], length[:-1]) + 1
    starts = _offsets(places)
    within = np.arange(starts[-1]) - np.repeat(starts[:-1], places)
    differs = ended[np.repeat(begins[:-2], places) + within] != ended[np.repeat(begins[1:-1], places) + within]
    first = np.minimum.reduceat(np.where(differs, within, starts[-1]), starts[:-1])
    return np.concatenate([np.zeros(1, dtype=np.int64), first])


def trie_of(sequences: Sequence[Ids], weights: Sequence[Weights]) -> Trie:
    """The trie of `sequences`, whose token i is predicted with weight `weights[i]`; the first token never is.

    Time is that of sorting, and linear in the tokens beside it.
    """
    lengths = [read_length(each) for each in weights]
    ordered = sort_sequences(sequences, lengths)
    nodes = _nodes(ordered)
    return _with_edges(ordered, nodes, sequences, weights)


@dataclass(frozen=True, slots=True, eq=False)
class _Nodes:
    """`of` [tokens]: the node of every token of a `Sorted`; the rest as in `Trie`."""

    ids: Ids
    parent: Indices
    position: Indices
    end: Indices
    of: Indices


def _nodes(ordered: Sorted) -> _Nodes:
    """A sequence adds the nodes of the tokens that it does not share with the one before it."""
    fresh = ordered.length - ordered.common
    first = _offsets(fresh)  # the first node of each sequence
    offsets = ordered.offsets
    of = np.empty(len(ordered.tokens), dtype=np.int64)
    for number, (start, common) in enumerate(zip(offsets[:-1].tolist(), ordered.common.tolist(), strict=True)):
        before = int(offsets[number - 1])
        of[start : start + common] = of[before : before + common]
        of[start + common : offsets[number + 1]] = np.arange(first[number], first[number + 1])
    creator = np.repeat(np.arange(len(fresh)), fresh)
    position = np.arange(first[-1]) - np.repeat(first[:-1] - ordered.common, fresh)
    token = offsets[creator] + position  # where each node's own token stands
    parent = np.where(position > 0, of[token - 1], -1) if len(token) else token
    # The sequences through a node stand together, from the one that made it on.
    through = np.bincount(of, minlength=int(first[-1]))
    return _Nodes(ordered.tokens[token], parent, position, first[creator + through], of)


def _with_edges(ordered: Sorted, nodes: _Nodes, sequences: Sequence[Ids], weights: Sequence[Weights]) -> Trie:
    asked_at = [np.flatnonzero(each[1:]) for each in weights]
    rank = np.argsort(ordered.order)  # the place of each sequence in the order
    offsets = ordered.offsets
    counts = np.array([len(each) for each in asked_at], dtype=np.int64)
    sources = nodes.of[_joined([at + offsets[place] for at, place in zip(asked_at, rank, strict=True)], np.int64)]
    targets = _joined([ids[1:][at] for ids, at in zip(sequences, asked_at, strict=True)], np.int32)
    each = _joined([given[1:][at] for given, at in zip(weights, asked_at, strict=True)], np.float32)
    keys, first, asked = np.unique((sources << 32) | targets, return_index=True, return_inverse=True)
    return Trie(
        ids=nodes.ids,
        parent=nodes.parent,
        position=nodes.position,
        end=nodes.end,
        sources=sources[first],
        targets=targets[first],
        weights=np.bincount(asked, weights=each, minlength=len(keys)).astype(np.float64, copy=False),
        asked=asked.astype(np.int64),
        starts=_offsets(counts),
    )


def _offsets(lengths: Indices) -> Indices:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])


def _joined(parts: Sequence[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    return np.concatenate(parts).astype(dtype, copy=False) if parts else np.empty(0, dtype=dtype)
