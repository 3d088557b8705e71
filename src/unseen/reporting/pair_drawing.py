"""Sources with their targets, as an encoder-decoder reads them: a drawing in which each distinct source stands once."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.encode.branches import Branch
from unseen.encode.encoded import Encoded
from unseen.encode.pairs import Pair, decoder_rows, pair_rows
from unseen.reporting.trie_drawing import DrawnTrie

NODES = "with equal sources read once"


def drawn_pairs(sequences: Sequence[Encoded], names: Sequence[str]) -> DrawnTrie:
    """Sources as trunks and targets as their branches, whose tokens are counted as tuning and asking compute them."""
    pairs = [Pair.of(each) for each in sequences]
    targets: dict[tuple[int, ...], list[Branch]] = {}
    for place, pair in enumerate(pairs):
        asked = tuple((pair.weights > 0).tolist())
        targets.setdefault(tuple(pair.source.tolist()), []).append(
            Branch(tuple(pair.target.tolist()), asked, (place,), ())
        )
    branches = [Branch(source, (False,) * len(source), (), tuple(branches)) for source, branches in targets.items()]
    counted = pair_rows(pairs, decoder_rows(pairs), start=0)
    return DrawnTrie(tuple(names), tuple(branches), counted.read, counted.nodes, NODES)
