"""The mask of a trie as FlexAttention takes it: which blocks of keys a block of queries reads, and how within one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.attention.flex_attention import BlockMask

BLOCK = 128  # nodes; FlexAttention's own block size


def block_mask(end: torch.Tensor, position: torch.Tensor, window: int | None) -> BlockMask:
    """The mask of `end`, `position` int64 [rows, widest] (see `TrieRows`), `widest` a multiple of `BLOCK`.

    `create_block_mask` evaluates a mask at every pair of nodes; in a trie the blocks follow from the largest and
    smallest `end` and `position` of each, so this costs pairs of blocks.
    """
    some, every = _blocks(end, position, window)
    partial, full = some & ~every, every
    return BlockMask.from_kv_blocks(
        *_ordered(partial), *_ordered(full), BLOCK_SIZE=BLOCK, mask_mod=_mask_mod(end, position, window)
    )


def _blocks(end: torch.Tensor, position: torch.Tensor, window: int | None) -> tuple[torch.Tensor, torch.Tensor]:
    """bool [rows, 1, blocks, blocks], twice: whether a block of queries may see any of a block of keys, and sees all.

    Where a window cuts, a block may be said to be seen of which nothing is: the mask within it decides.
    """
    ends, places = (each.unflatten(1, (-1, BLOCK)) for each in (end, position))
    block = torch.arange(ends.shape[1], device=end.device)
    query, key = block[:, None], block[None, :]
    some = (key <= query) & (ends.amax(-1)[:, None, :] > query * BLOCK)
    every = (key < query) & (ends.amin(-1)[:, None, :] >= (query + 1) * BLOCK)
    if window is not None:
        least, most = places.amin(-1), places.amax(-1)
        some &= least[:, :, None] - most[:, None, :] < window
        every &= most[:, :, None] - least[:, None, :] < window
    return some[:, None], every[:, None]


def _ordered(blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """int32: how many blocks of keys each block of queries has, and which, those first."""
    return blocks.sum(-1, dtype=torch.int32), torch.argsort(blocks.byte(), dim=-1, descending=True, stable=True).int()


def _mask_mod(end: torch.Tensor, position: torch.Tensor, window: int | None) -> Callable[..., Any]:
    """Whether one node sees another.

    What differs from batch to batch is in tensors, which compiled code takes as its inputs; a plain number here
    would be compiled anew whenever it changes, and a window never does.
    """

    def sees(row: Any, _: Any, query: Any, key: Any) -> Any:
        return (key <= query) & (query < end[row, key])

    def sees_near(row: Any, head: Any, query: Any, key: Any) -> Any:
        return sees(row, head, query, key) & (position[row, query] - position[row, key] < window)

    return sees if window is None else sees_near
