"""Whether a model that reads tries also reads them in stretches, behind an attention cache, and with which attention:
tried on a small copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from unseen.encode.trie import Ids, trie_of
from unseen.trie.attention import TrieAttention, implementation_of
from unseen.trie.check import TOLERANCE, Plain, branching_rows, short, states_alone
from unseen.trie.cpu_attention import ATTENTION, register
from unseen.trie.kernel import ROUNDED, Kernel, refusal
from unseen.trie.small_copy import WINDOW, small_copy, undisturbed
from unseen.trie.stream import stretches

BRANCHES = 4  # of the trie that is tried: more nodes than two blocks of a stretch
SIZES = (9, 100)  # nodes of a stretch: paths begin, end and branch within and between them; and within several blocks


def stream_kernel(base: Any, attention: TrieAttention) -> Kernel | Plain:
    """The fastest attention with which the transformers model `base` reads a trie in stretches: by blocks on a CPU,
    where a small copy agrees, else its own; `Plain` where that does not either."""
    own = implementation_of(base)
    by_blocks = base.device.type == "cpu" and not refusal(base, base.device)
    for name in dict.fromkeys([ATTENTION, own] if by_blocks else [own]):
        disagreement = stream_disagreement(base, attention, name)
        if not disagreement:
            return Kernel(name)
    return Plain(disagreement)


def stream_disagreement(base: Any, attention: TrieAttention, name: str) -> str:
    """How a small copy of the transformers model `base`, reading in stretches what `attention` says, with the attention
    `name`, differs from its sequences alone; empty when it does not. The trie has two roots."""
    small = TrieAttention({kind: window and min(window, WINDOW) for kind, window in attention.windows.items()})
    sequences = [each for row in branching_rows(BRANCHES) for each in row]
    register()
    try:
        with undisturbed(torch.device("cpu")), torch.no_grad():
            copy = small_copy(base)
            truth = states_alone(copy.base_model, [sequences])
            if implementation_of(copy) != name:
                copy.set_attn_implementation(name)
            for dtype in _precisions(base, name):
                network = copy.to(dtype).base_model
                for size in SIZES:
                    ours = _states_in_stretches(network, small, sequences, size)
                    if difference := _difference(ours, truth):
                        return f"a small copy of it reads a trie in stretches otherwise than rows ({difference})"
    except Exception as error:  # transformers raises whatever a configuration leads it to
        return f"a small copy of it fails on a trie in stretches ({short(error)})"
    return ""


def _precisions(base: Any, name: str) -> list[torch.dtype]:
    """Ours is tried in that of the model too, since its kernel may not take it."""
    return list(dict.fromkeys([torch.float32, base.dtype])) if name == ATTENTION else [torch.float32]


def _difference(ours: torch.Tensor, truth: torch.Tensor) -> str:
    """How far the states are from what they should be; empty where that is rounding.

    In float32 each state counts; in half precision all of them together, since rounding sends some to other experts.
    """
    exact = ours.dtype == torch.float32
    dim = -1 if exact else None
    relative = (ours.float() - truth).norm(dim=dim) / truth.norm(dim=dim)
    difference = float(relative.nan_to_num(nan=torch.inf).max())
    return "" if difference < (TOLERANCE if exact else ROUNDED) else f"relative difference {difference:.1g}"


def _states_in_stretches(network: Any, attention: TrieAttention, sequences: Sequence[Ids], size: int) -> torch.Tensor:
    trie = trie_of(sequences, [np.ones(len(each), dtype=np.float32) for each in sequences])
    read = torch.cat([each.outputs for each in stretches(network, attention, trie, size)])
    return read[torch.from_numpy(trie.sources[trie.asked])]
