"""Sequences as one padded array of tries in which a place predicts one token at most. Numpy only, no torch.

Trainers of others take one array a batch, and know one label a position. A node after which several tokens are asked
for, or one token by several sequences, is therefore copied: a copy is a leaf that sees what the node sees and itself,
so its state is the node's own. Where several sequences learn a shared prompt, nothing is saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from unseen.encode.deal import ATTENTION_WIDTH, Row, deal_rows
from unseen.encode.trie import Ids, Sorted, Trie, Weights, read_length, sort_sequences, trie_of
from unseen.encode.trie_rows import TrieRows, trie_rows


def one_batch(sequences: Sequence[Ids], weights: Sequence[Weights], width: int = ATTENTION_WIDTH) -> TrieRows:
    """All `sequences` as the rows of one batch, each place the source of at most one edge.

    Every place costs as much as one of the widest row. Narrower rows share less and are padded less: of some widths,
    each half of the one before, this is the one that computes least. There is at least one row and one column, and
    the last column holds no source, so that labels can be shifted.
    """
    lengths = [read_length(each) for each in weights]
    asking = [index for index, length in enumerate(lengths) if length]
    ordered = sort_sequences([sequences[index] for index in asking], [lengths[index] for index in asking])
    dealt = [
        [group for row in rows for group in _one_root([asking[member] for member in row.members], weights)]
        for rows in _ways(ordered, width)
    ]
    tries = [[_trie(sequences, weights, group) for group in groups] for groups in dealt]
    return _with_a_last_column(trie_rows(min(tries, key=lambda each: _cost(each, width))))


def _ways(ordered: Sorted, width: int) -> Iterator[list[Row]]:
    """The sorted sequences dealt to rows of at most so many nodes, ever fewer."""
    if not len(ordered.order):
        yield [Row((), 0)]
        return
    longest, limit = int(ordered.length.max()), int(ordered.length.sum())
    while True:
        rows = deal_rows(ordered, limit, width)
        yield rows
        widest = max(row.nodes for row in rows)
        if widest <= longest:
            return
        limit = max(longest, widest // 2)


def _one_root(members: list[int], weights: Sequence[Weights]) -> list[list[int]]:
    """A row has one root, which cannot be copied: sequences that learn what follows it run alone, all but one."""
    learning = [member for member in members if weights[member][1]]
    alone = dict.fromkeys(learning[1:])
    return [[member for member in members if member not in alone], *([member] for member in alone)]


def _trie(sequences: Sequence[Ids], weights: Sequence[Weights], group: Sequence[int]) -> Trie:
    return one_edge_a_node(trie_of([sequences[index] for index in group], [weights[index] for index in group]))


def _cost(tries: Sequence[Trie], width: int) -> float:
    widest = max(map(len, tries))
    return len(tries) * widest * (1 + widest / width)


def one_edge_a_node(trie: Trie) -> Trie:
    """`trie` with a node for each token that a sequence asks for: no node is the source of two edges, and each
    sequence has edges of its own. The weight of an edge that several asked for is shared out among them."""
    asked = trie.sources[trie.asked]
    wanted = np.bincount(asked, minlength=len(trie))
    copies = np.maximum(wanted, 1)
    first = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(copies)])
    kept = first[1:] - 1  # the node itself comes after its copies, in front of what it sees under it
    of = np.repeat(np.arange(len(trie)), copies)
    end = np.arange(1, first[-1] + 1)
    end[kept] = first[trie.end]
    order = np.argsort(asked, kind="stable")
    within = np.arange(len(asked)) - (np.cumsum(wanted) - wanted)[asked[order]]
    edges = trie.asked[order]
    return Trie(
        ids=trie.ids[of],
        parent=np.where(trie.parent[of] < 0, -1, kept[trie.parent[of]]),
        position=trie.position[of],
        end=end,
        sources=first[asked[order]] + within,
        targets=trie.targets[edges],
        weights=(trie.weights / np.maximum(np.bincount(trie.asked, minlength=len(trie.weights)), 1))[edges],
        asked=np.argsort(order),
        starts=trie.starts,
    )


def _with_a_last_column(rows: TrieRows) -> TrieRows:
    """The last column is padding in every row, and sees itself."""
    tries, width = rows.ids.shape
    nothing = np.zeros((tries, 1), dtype=np.int32)
    return replace(
        rows,
        ids=np.hstack([rows.ids, nothing]),
        position=np.hstack([rows.position, nothing.astype(np.int64)]),
        end=np.hstack([rows.end, nothing.astype(np.int64) + width + 1]),
    )
