"""Whether a model that reads tries also reads them in stretches, behind an attention cache: tried on a small copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from unseen.encode.trie import Ids, trie_of
from unseen.trie.attention import TrieAttention
from unseen.trie.check import TOLERANCE, branching_rows, short, states_alone
from unseen.trie.small_copy import WINDOW, small_copy, undisturbed
from unseen.trie.stream import stretches

SIZE = 5  # nodes of a stretch: paths begin, end and branch within and between them


def stream_disagreement(base: Any, attention: TrieAttention) -> str:
    """How a small copy of the transformers model `base`, reading in stretches what `attention` says, differs from its
    sequences alone; empty when it does not. The trie has two roots."""
    small = TrieAttention({kind: window and min(window, WINDOW) for kind, window in attention.windows.items()})
    sequences = [each for row in branching_rows() for each in row]
    try:
        with undisturbed(torch.device("cpu")), torch.no_grad():
            network = small_copy(base).base_model
            truth, ours = states_alone(network, [sequences]), _states_in_stretches(network, small, sequences)
    except Exception as error:  # transformers raises whatever a configuration leads it to
        return f"a small copy of it fails on a trie in stretches ({short(error)})"
    difference = float(((ours - truth).norm(dim=-1) / truth.norm(dim=-1)).nan_to_num(nan=torch.inf).max())
    if difference < TOLERANCE:
        return ""
    return f"a small copy of it reads a trie in stretches otherwise than rows (relative difference {difference:.1g})"


def _states_in_stretches(network: Any, attention: TrieAttention, sequences: Sequence[Ids]) -> torch.Tensor:
    trie = trie_of(sequences, [np.ones(len(each), dtype=np.float32) for each in sequences])
    read = torch.cat([each.outputs for each in stretches(network, attention, trie, SIZE)])
    return read[torch.from_numpy(trie.sources[trie.asked])]
