"""Attention over tries on a CPU: every block of nodes reads the path to it and itself, and nothing else.

Nodes stand in depth-first order, so what a run of neighbouring nodes sees of the nodes before it are the ancestors of
its first node: an ancestor of a later one that stands before the run is on that path too. A block of queries needs
exactly (path to its first node) + (block) as keys. The work is that of the tokens' depths, as if every sequence stood
alone but for what it shares; a dense mask costs the row's width squared (at 2,184 nodes, 16 branches of 100 behind 584,
13 times as much, forward and backward).

transformers hands a mask of four dimensions through to every layer as it is. So the mask of a trie is one int64 tensor
[rows, 1, 4, nodes], and `register` gives transformers an attention that reads such masks, and is `sdpa` for all others.

Tuning reads rows that are one subtree each, with gradients (`trie_mask`). Asking reads a stretch of a trie, whatever
roots it holds, behind a cache of the path to it, without gradients (`stretch_mask`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION = "unseen_trie"
BLOCK = 256  # nodes: at 128 the kernel itself runs slower, at 512 too much of a block is masked
TOGETHER = 4  # blocks a call: the kernel's backward pass gives a thread whole (block, key head) pairs
UNEVEN = 1.125  # the keys of the longest block of a call over those of its shortest
# In asking, without gradients. All but the matrix products of SmolLM2-135M took 1.62, 1.49 and 1.64 s in blocks of 32,
# 64 and 128 nodes, and 2.01 s under a dense mask (60 questions of five options behind five fixed exemplars, one
# thread); without exemplars 0.94, 0.89, 1.14 and 1.40 s.
STRETCH_BLOCK = 64
NO_WINDOW = 2**62
NO_BLOCK = -1


def register() -> None:
    """Make `ATTENTION` known to transformers; more than once does nothing more."""
    AttentionInterface.register(ATTENTION, trie_attention_forward)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)


def trie_mask(end: torch.Tensor, position: torch.Tensor, window: int | None) -> torch.Tensor:
    """The mask of rows that are one subtree each, padding behind it: nobody reads what stands there.

    `end` and `position` as in `TrieRows`.
    """
    padding = (position == 0).cumsum(1) > 1  # position 0: the one root of a row, and every place of padding
    block = torch.arange(end.shape[1]).expand_as(end) // BLOCK
    return _mask(end, position, window, block.masked_fill(padding, NO_BLOCK))


def stretch_mask(end: torch.Tensor, position: torch.Tensor, window: int | None, behind: int) -> torch.Tensor:
    """The mask of a stretch, whose first `behind` nodes a cache holds: they are seen and see nothing."""
    place = torch.arange(end.shape[1]).expand_as(end) - behind
    return _mask(end, position, window, torch.where(place < 0, NO_BLOCK, place // STRETCH_BLOCK))


def _mask(end: torch.Tensor, position: torch.Tensor, window: int | None, block: torch.Tensor) -> torch.Tensor:
    """int64 [rows, 1, 4, nodes]: `end`, `position`, the window, and the number of the block that a node reads in."""
    windows = torch.full_like(end, NO_WINDOW if window is None else window)
    return torch.stack([end, position, windows, block], dim=1)[:, None]


def trie_attention_forward(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **more: Any,
) -> tuple[torch.Tensor, None]:
    """transformers' attention interface. Raises `ValueError` for what a trie cannot be given, as `sdpa` does."""
    if attention_mask is None or attention_mask.dtype != torch.int64:
        done: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more
        )
        return done
    refused = [name for name in ("softcap", "position_bias", "s_aux") if more.get(name) is not None]
    if dropout or refused:
        raise ValueError(f"attention over tries takes no {', '.join(refused) or 'dropout'}")
    if torch.is_autocast_enabled("cpu"):  # as autocast does for torch's own attention
        query, key, value = (each.to(torch.get_autocast_dtype("cpu")) for each in (query, key, value))
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    calls = _calls(attention_mask, query.dtype, query.shape[1] // key.shape[1], key.shape[2] - query.shape[2])
    if torch.is_grad_enabled():
        out: torch.Tensor = _TrieAttention.apply(query, key, value, calls, scale)
    else:  # nothing is kept for a backward pass
        out, _ = _attend(query, key, value, calls, scale)
    return out.transpose(1, 2).contiguous(), None


@dataclass(frozen=True, slots=True)
class Block:
    """Nodes [start, stop) of a row, the `keys` [n] that any of them sees, and who sees what: [stop - start, n]."""

    row: int
    start: int
    stop: int
    keys: NDArray[np.int64]
    seen: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Blocks of equal length that one call of the kernel computes.

    `keys`: [blocks, n], a block's own and then any that it does not see; `mask`: [blocks, 1, group * length, n], 0 or
    minus infinity, in the dtype of the states. The queries of the `group` heads that read the same keys stand in one
    row after another: the kernel takes four times the work at once from 768 queries on, and its gradients of keys and
    values come summed over the group.
    """

    places: tuple[tuple[int, slice], ...]  # the row and the queries of each
    keys: torch.Tensor
    mask: torch.Tensor


def _calls(mask: torch.Tensor, dtype: torch.dtype, group: int, behind: int) -> list[Blocks]:
    """The blocks of a mask, kept on it: every layer is given the same one. Node `behind` has the first query."""
    kept: dict[tuple[torch.dtype, int], list[Blocks]] = mask.__dict__.setdefault("blocks", {})
    if (dtype, group) not in kept:
        kept[dtype, group] = [_together(blocks, dtype, group, behind) for blocks in _batches(blocks_of(mask))]
    return kept[dtype, group]


def blocks_of(mask: torch.Tensor) -> list[Block]:
    """The blocks that a mask says: runs of nodes with the same number."""
    found = []
    for row, (end, position, window, block) in enumerate(mask[:, 0].numpy()):
        bounds = [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), len(block)]
        for start, stop in pairwise(bounds):
            if block[start] != NO_BLOCK:
                found.append(Block(row, start, stop, *_seen(start, stop, end, position, int(window[0]))))
    return found


def _batches(blocks: list[Block]) -> Iterator[list[Block]]:
    """Blocks of one length and of nearly as many keys, a few at a time."""
    batch: list[Block] = []
    for block in sorted(blocks, key=lambda each: (each.stop - each.start, len(each.keys))):
        if batch and not _fits(block, batch):
            yield batch
            batch = []
        batch.append(block)
    if batch:
        yield batch


def _fits(block: Block, batch: list[Block]) -> bool:
    first = batch[0]
    even = block.stop - block.start == first.stop - first.start and len(block.keys) <= UNEVEN * len(first.keys)
    return even and len(batch) < TOGETHER


def _together(blocks: list[Block], dtype: torch.dtype, group: int, behind: int) -> Blocks:
    length, most = len(blocks[0].seen), max(len(block.keys) for block in blocks)
    keys = np.zeros((len(blocks), most), dtype=np.int64)
    seen = np.zeros((len(blocks), length, most), dtype=np.bool_)
    for number, block in enumerate(blocks):
        keys[number, : len(block.keys)] = block.keys
        seen[number, :, : len(block.keys)] = block.seen
    mask = torch.zeros(seen.shape, dtype=dtype).masked_fill_(torch.from_numpy(~seen), -torch.inf)
    places = tuple((block.row, slice(block.start - behind, block.stop - behind)) for block in blocks)
    return Blocks(places, torch.from_numpy(keys), mask.repeat(1, group, 1)[:, None])


def _seen(
    start: int, stop: int, end: NDArray[np.int64], position: NDArray[np.int64], window: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The keys that the nodes [start, stop) see, and which of them each sees: [nodes, keys]."""
    path = np.flatnonzero(end[:start] > start)
    path = path[position[start:stop].min() - position[path] < window]
    queries = np.arange(start, stop)
    keys = np.concatenate([path, queries])
    seen = (keys <= queries[:, None]) & (queries[:, None] < end[keys])
    return keys, seen & (position[queries][:, None] - position[keys] < window)


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, calls: list[Blocks], scale: float
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """What is read, and of every call the sums that its gradient needs.

    `query` [rows, heads, nodes, width]; `key`, `value` have as many heads, or one for a group of them.
    """
    out = torch.zeros_like(query)
    sums = []
    for blocks in calls:
        q, k, v = _queries(blocks, query, key.shape[1]), _keys(blocks, key), _keys(blocks, value)
        own, total = _flash()(q, k, v, 0.0, False, attn_mask=blocks.mask, scale=scale)
        _put(blocks, out, own)
        sums.append(total)
    return out, sums


class _TrieAttention(torch.autograd.Function):  # type: ignore[misc]
    """softmax(scale q k^T) v, some blocks at a time. Keeps queries, keys and values once, not per block."""

    @staticmethod
    def forward(
        ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, calls: list[Blocks], scale: float
    ) -> torch.Tensor:
        out, sums = _attend(query, key, value, calls, scale)
        ctx.save_for_backward(query, key, value, out, *sums)
        ctx.calls, ctx.scale = calls, scale
        return out

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        query, key, value, out, *sums = ctx.saved_tensors
        # A key is read by many blocks: their gradients are summed in float32.
        grads = [torch.zeros_like(query), *(torch.zeros_like(each, dtype=torch.float32) for each in (key, value))]
        for blocks, total in zip(ctx.calls, sums, strict=True):
            given, q, own = (_queries(blocks, each, key.shape[1]) for each in (grad, query, out))
            read = q, _keys(blocks, key), _keys(blocks, value)
            parts = _flash_backward()(given, *read, own, total, 0.0, False, attn_mask=blocks.mask, scale=ctx.scale)
            _put(blocks, grads[0], parts[0])
            for whole, part in zip(grads[1:], parts[1:], strict=True):
                for (row, _), keys, one in zip(blocks.places, blocks.keys, part.float(), strict=True):
                    whole[row].index_add_(1, keys, one)
        return grads[0], grads[1].to(key.dtype), grads[2].to(value.dtype), None, None


def _flash() -> Any:
    """What torch's own attention runs on a CPU; called directly since its gradient needs the sums that it returns.

    The name is not one of torch's public ones. It is looked up when it is used, so that under a torch that has renamed
    it the small copy fails (kernel.py), and the model goes on with its own attention.
    """
    return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


def _flash_backward() -> Any:
    return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def _queries(blocks: Blocks, whole: torch.Tensor, heads: int) -> torch.Tensor:
    """The blocks' parts of [rows, heads, nodes, width] as [blocks, key heads, group * length, width]: head h of the
    queries reads key head h // group."""
    own = torch.stack([whole[row, :, nodes] for row, nodes in blocks.places])
    return own.view(len(own), heads, -1, own.shape[-1])


def _keys(blocks: Blocks, whole: torch.Tensor) -> torch.Tensor:
    """The keys or values that the blocks read: [blocks, key heads, n, width]."""
    read = (whole[row].index_select(1, keys) for (row, _), keys in zip(blocks.places, blocks.keys, strict=True))
    return torch.stack(list(read))


def _put(blocks: Blocks, whole: torch.Tensor, own: torch.Tensor) -> None:
    """Write what `_queries` reads."""
    for (row, nodes), one in zip(blocks.places, own, strict=True):
        place = whole[row, :, nodes]
        place.copy_(one.reshape(place.shape))
