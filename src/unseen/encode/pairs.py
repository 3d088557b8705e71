"""Sources with their targets, for encoder-decoders: what is run once, and which of it runs together. Numpy only.

Decoders of encoder-decoders take a mask but count positions from the index, so they cannot read a trie. What can be
shared exactly is the source, which many targets have in common (options, wordings of an answer, rows about one text),
and a decoder row whose tokens another row of the same source goes on from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from unseen.encode.batch import PER_BATCH
from unseen.encode.cut import cheapest_cut
from unseen.encode.encoded import Encoded
from unseen.encode.trie import Ids, Indices, Weights, sort_sequences

# Every decoder row attends to its source with keys and values of its own: 2 products of the width by itself at each
# source position and layer, where a position of the encoder takes 12. The same share holds for what is kept for the
# gradient.
SELECTED_PER_POSITION = 6


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """`source` int32 is what the encoder reads; `target` int32 [n] is predicted, its first token too, with `weights`
    float32 [n]."""

    id: str
    source: Ids
    target: Ids
    weights: Weights

    @classmethod
    def of(cls, example: Encoded) -> Pair:
        """An example whose prompt is the source and whose completion is the target."""
        prompt = example.prompt_length
        return cls(example.id, example.ids[:prompt], example.ids[prompt:], example.weights[prompt:])

    @property
    def read(self) -> int:
        """How many tokens the decoder reads: the start, and the target before its last weighted token."""
        asked = np.flatnonzero(self.weights)
        return int(asked[-1]) + 1 if len(asked) else 0


@dataclass(frozen=True, slots=True)
class DecoderRow:
    """A row of `read` decoder positions over the source that has the number `source`.

    All of the pairs `members` (by index) have their states in it: what each reads is the beginning of what the last
    one reads.
    """

    source: int
    read: int
    members: tuple[int, ...]


def decoder_rows(pairs: Sequence[Pair]) -> list[DecoderRow]:
    """The fewest rows that hold what every pair reads; a pair without a weighted token reads nothing and has none.

    Equal sources have the same number.
    """
    asked = [index for index, pair in enumerate(pairs) if pair.read]
    numbers: dict[bytes, int] = {}
    sources = [numbers.setdefault(pairs[index].source.astype("<u4").tobytes(), len(numbers)) for index in asked]
    # The source's number stands where the start token does, so that only rows of one source begin alike.
    read = [
        np.concatenate([[number], pairs[index].target]).astype(np.int32)
        for number, index in zip(sources, asked, strict=True)
    ]
    ordered = sort_sequences(read, [pairs[index].read for index in asked])
    rows: list[DecoderRow] = []
    members: list[int] = []
    followers = [*ordered.common[1:].tolist(), -1][: len(asked)]
    for place, length, follower in zip(ordered.order.tolist(), ordered.length.tolist(), followers, strict=True):
        members.append(asked[place])
        if follower != length:  # the next one does not go on from this one
            rows.append(DecoderRow(sources[place], length, tuple(members)))
            members = []
    return rows


def plan_pairs(pairs: Sequence[Pair], batch_tokens: int) -> list[list[DecoderRow]]:
    """Rows of each micro-batch, every row in exactly one; the longest sources first.

    A micro-batch computes its distinct sources padded to the longest, its rows padded to the longest, and a source's
    keys and values for every row (`SELECTED_PER_POSITION` of them as much as a position). That stays within
    `batch_tokens`; a row that alone takes more runs alone. Of all ways to cut the rows, sorted by their sources'
    length with those of one source together, this one costs the least, `PER_BATCH` for each micro-batch included.
    """
    rows = decoder_rows(pairs)
    lengths = [len(pairs[row.members[0]].source) for row in rows]
    order = sorted(range(len(rows)), key=lambda place: (-lengths[place], rows[place].source, -rows[place].read))
    rows = [rows[place] for place in order]
    length = np.array([lengths[place] for place in order], dtype=np.int64)
    read = np.array([row.read for row in rows], dtype=np.int64)
    changes = [one.source != other.source for one, other in pairwise(rows)]
    number = np.concatenate([[0], np.cumsum(changes)]) if rows else read  # of each row's source, in this order

    def weigh(starts: Indices, end: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        count, sources = end - starts, 1 + number[end - 1] - number[starts]
        longest = np.maximum.accumulate(read[starts[0] : end][::-1])[::-1]
        positions = length[starts] * (sources + count / SELECTED_PER_POSITION) + count * longest
        return positions, positions + PER_BATCH

    return [rows[start:end] for start, end in cheapest_cut(len(rows), batch_tokens, weigh)]


@dataclass(frozen=True, slots=True, eq=False)
class PairRows:
    """A micro-batch as arrays padded on the right.

    `sources` int32, `source_mask` bool [sources, longest]; `inputs` int32 [rows, longest], each with the decoder's
    start first; `source` int64 [rows], the place of each row's source. Token `targets[k]` is predicted with
    `weights[k]` at row `rows[k]`, column `columns[k]`; [`starts[m]`, `starts[m + 1]`) are those of pair `members[m]`.
    `tokens` counts what the pairs hold, `read` what one row for each would read, `nodes` how much of that is distinct.
    """

    sources: Ids
    source_mask: NDArray[np.bool_]
    inputs: Ids
    source: Indices
    rows: Indices
    columns: Indices
    targets: Ids
    weights: Weights
    starts: Indices
    members: tuple[int, ...]
    tokens: int
    read: int
    nodes: int


def pair_rows(pairs: Sequence[Pair], batch: Sequence[DecoderRow], start: int) -> PairRows:
    """The rows of one micro-batch, every distinct source of them once; `start` is what the decoder begins with."""
    numbers = {row.source: place for place, row in enumerate({row.source: row for row in batch}.values())}
    firsts = {row.source: pairs[row.members[0]].source for row in batch}
    sources, source_mask = _padded(list(firsts.values()))
    longest = [pairs[row.members[-1]].target[: row.read - 1] for row in batch]
    inputs, _ = _padded([np.concatenate([[start], ids]).astype(np.int32) for ids in longest])
    members = [(place, index) for place, row in enumerate(batch) for index in row.members]
    asked = [np.flatnonzero(pairs[index].weights) for _, index in members]
    counts = [len(each) for each in asked]
    return PairRows(
        sources=sources,
        source_mask=source_mask,
        inputs=inputs,
        source=np.array([numbers[row.source] for row in batch], dtype=np.int64),
        rows=np.repeat([place for place, _ in members], counts).astype(np.int64),
        columns=np.concatenate(asked).astype(np.int64),
        targets=np.concatenate([pairs[index].target[at] for (_, index), at in zip(members, asked, strict=True)]),
        weights=np.concatenate([pairs[index].weights[at] for (_, index), at in zip(members, asked, strict=True)]),
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        members=tuple(index for _, index in members),
        tokens=sum(len(pairs[index].source) + len(pairs[index].target) for _, index in members),
        read=sum(len(pairs[index].source) + pairs[index].read for _, index in members),
        nodes=int(source_mask.sum()) + sum(row.read for row in batch),
    )


def _padded(rows: Sequence[Ids]) -> tuple[Ids, NDArray[np.bool_]]:
    lengths = np.array([len(row) for row in rows])
    ids = np.zeros((len(rows), int(lengths.max(initial=0))), dtype=np.int32)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
    return ids, np.arange(ids.shape[1]) < lengths[:, None]
