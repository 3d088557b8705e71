"""Micro-batches that compute every distinct prefix of a step's examples once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from unseen.encode.deal import ATTENTION_WIDTH, deal
from unseen.encode.encoded import Encoded
from unseen.encode.trie import read_length, trie_of
from unseen.encode.trie_rows import trie_rows
from unseen.train.batch import Batch, Deal, Network
from unseen.trie.attention import TrieAttention, TrieInputs


@dataclass(frozen=True, slots=True, eq=False)
class TrieBatch:
    """Tries as rows. `targets` int64 and `weights` float32, [edges]: an edge that several examples supervise stands
    once, with the sum of their weights, so the summed loss is that of the examples one by one.

    `tokens` counts what the examples hold, `read` what of it a model must read (not the last token, after which
    nothing is predicted), `nodes` the distinct prefixes among that, `computed` the positions, padding included.
    """

    ids: tuple[str, ...]
    attention: TrieAttention
    inputs: TrieInputs
    targets: torch.Tensor
    weights: torch.Tensor
    tokens: int
    read: int
    nodes: int
    computed: int

    def outputs(self, network: Network) -> torch.Tensor:
        return self.attention.run(network, self.inputs)

    def to(self, device: torch.device) -> TrieBatch:
        moved = self.targets.to(device, non_blocking=True), self.weights.to(device, non_blocking=True)
        return replace(self, inputs=self.inputs.to(device), targets=moved[0], weights=moved[1])

    def silent(self) -> TrieBatch:
        return replace(self, weights=torch.zeros_like(self.weights))


def trie_deal(attention: TrieAttention, batch_tokens: int, width: int = ATTENTION_WIDTH) -> Deal:
    """Micro-batches of at most `batch_tokens` positions each, for a model that reads tries with `attention`; `width`
    says how dear attention is, see encode/deal.py."""
    return partial(trie_batches, attention=attention, batch_tokens=batch_tokens, width=width)


def trie_batches(
    examples: Sequence[Encoded], attention: TrieAttention, batch_tokens: int, width: int = ATTENTION_WIDTH
) -> list[Batch]:
    """The examples of a step, dealt to rows that are subtrees and rows to micro-batches."""
    lengths = [read_length(example.weights) for example in examples]
    batches = deal([example.ids for example in examples], lengths, batch_tokens, width)
    return [_batch([[examples[member] for member in row.members] for row in batch], attention) for batch in batches]


def _batch(rows: Sequence[Sequence[Encoded]], attention: TrieAttention) -> TrieBatch:
    arrays = trie_rows([trie_of([each.ids for each in row], [each.weights for each in row]) for row in rows])
    examples = [each for row in rows for each in row]
    return TrieBatch(
        ids=tuple(each.id for each in examples),
        attention=attention,
        inputs=TrieInputs.of(arrays),
        targets=torch.from_numpy(arrays.targets.astype(np.int64)),
        weights=torch.from_numpy(arrays.weights.astype(np.float32)),
        tokens=sum(len(each.ids) for each in examples),
        read=sum(read_length(each.weights) for each in examples),
        nodes=arrays.nodes,
        computed=arrays.ids.size,
    )
