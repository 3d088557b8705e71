"""Random sets of sequences that share prefixes, and their loss: as tries, and each sequence alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray
from tiny_families import VOCABULARY
from torch.nn.functional import cross_entropy

from unseen.encode.deal import deal
from unseen.encode.trie import read_length, trie_of
from unseen.encode.trie_rows import TrieRows, trie_rows
from unseen.trie.attention import TrieAttention, TrieInputs


@dataclass(frozen=True)
class Weighted:
    """Token sequences with a weight for every token, some of them 0."""

    sequences: list[NDArray[np.int32]]
    weights: list[NDArray[np.float32]]


@st.composite
def weighted_sequences(draw: st.DrawFn, most: int = 5, longest: int = 24) -> Weighted:
    """Each sequence goes on from a prefix of an earlier one, which may be none or all of it."""
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sequences: list[NDArray[np.int32]] = []
    for _ in range(draw(st.integers(1, most))):
        kept = numbers.choice(len(sequences)) if sequences else None
        start = sequences[kept][: draw(st.integers(0, longest // 2))] if kept is not None else np.empty(0, np.int32)
        fresh = numbers.integers(1, VOCABULARY, draw(st.integers(2, longest - len(start))))
        sequences.append(np.concatenate([start, fresh]).astype(np.int32))
    weights = [numbers.choice([0.0, 0.5, 1.0, 2.0], len(each)).astype(np.float32) for each in sequences]
    for each in weights:
        each[numbers.integers(1, len(each))] = 1.0
    return Weighted(sequences, weights)


def fixed_sequences(seed: int, count: int, trunk: int, branch: int) -> Weighted:
    """Branches of one length behind one trunk; the trunk has no weight."""
    numbers = np.random.default_rng(seed)
    start = numbers.integers(1, VOCABULARY, trunk)
    sequences = [
        np.concatenate([start, numbers.integers(1, VOCABULARY, branch)]).astype(np.int32) for _ in range(count)
    ]
    weights = [(np.arange(trunk + branch) >= trunk).astype(np.float32) for _ in sequences]
    return Weighted(sequences, weights)


def micro_batches(given: Weighted, budget: int) -> list[TrieRows]:
    lengths = [read_length(each) for each in given.weights]
    return [
        trie_rows([trie_of(*(pick(each, row.members) for each in (given.sequences, given.weights))) for row in batch])
        for batch in deal(given.sequences, lengths, budget)
    ]


def pick(items: Sequence[Any], members: Sequence[int]) -> list[Any]:
    return [items[member] for member in members]


def trie_loss(module: Any, attention: TrieAttention, given: Weighted, budget: int = 200) -> torch.Tensor:
    """The weighted loss, summed over micro-batches of tries."""
    losses = []
    for arrays in micro_batches(given, budget):
        logits = attention.run(module, TrieInputs.of(arrays).to(module.device)).float()
        targets, weights = (torch.from_numpy(each).to(logits.device) for each in (arrays.targets, arrays.weights))
        losses.append((cross_entropy(logits, targets.long(), reduction="none") * weights.float()).sum())
    return torch.stack(losses).sum()


def rows_loss(module: Any, given: Weighted) -> torch.Tensor:
    """The same by the definition: every sequence alone, with no mask."""
    losses = []
    for sequence, weights in zip(given.sequences, given.weights, strict=True):
        ids = torch.from_numpy(sequence[None].astype(np.int64))
        logits = module(input_ids=ids, use_cache=False).logits[0, :-1].float()
        losses.append((cross_entropy(logits, ids[0, 1:], reduction="none") * torch.from_numpy(weights[1:])).sum())
    return torch.stack(losses).sum()


def gradients(module: Any, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    named = {name: each for name, each in module.named_parameters() if each.requires_grad}
    found = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
    return {
        name: torch.zeros_like(named[name]) if each is None else each for name, each in zip(named, found, strict=True)
    }


def assert_same(ours: dict[str, torch.Tensor], truth: dict[str, torch.Tensor], relative: float = 1e-4) -> None:
    """Every parameter's gradient, normwise. A gradient that is zero by construction (that of a bias of keys) is noise
    in both, so the norm of all counts a little too."""
    whole = torch.stack([each.norm() for each in truth.values()]).norm()
    for name, other in truth.items():
        difference = (ours[name] - other).norm()
        assert difference <= relative * (other.norm() + 0.01 * whole), (name, float(difference), float(other.norm()))
