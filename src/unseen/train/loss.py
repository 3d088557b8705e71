"""The loss: cross-entropy in float32, summed, with the output head run in chunks.

Logits exist for one chunk at a time and are computed again in the backward pass.
"""

from __future__ import annotations

from functools import partial

import torch
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from unseen.model.readout import Readout, chunk_size


def head_loss(
    readout: Readout, head: torch.nn.Module, states: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """Weighted cross-entropy summed over [n] states, in float32, never holding more logits than `CHUNK_LOGITS`."""
    size = chunk_size(head)
    one = partial(_chunk_loss, readout, head)
    if len(states) <= size:
        return one(states, targets, weights)
    chunks = zip(states.split(size), targets.split(size), weights.split(size), strict=True)
    return torch.stack([checkpoint(one, *chunk, use_reentrant=False) for chunk in chunks]).sum()


def _chunk_loss(
    readout: Readout, head: torch.nn.Module, states: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    torch.clear_autocast_cache()  # chunks that share one bfloat16 copy of the head would sum its gradient in bfloat16
    return weighted_loss(readout.logits(head, states), targets, weights)


def weighted_loss(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted cross-entropy, summed in float32."""
    return (cross_entropy(logits.float(), targets, reduction="none") * weights).sum()
