"""Attention over tries by blocks equals torch's own under a dense mask, which is the definition of a trie's mask."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from unseen.encode.trie import trie_of
from unseen.encode.trie_rows import trie_rows
from unseen.trie import cpu_attention
from unseen.trie.attention import TrieInputs, sees
from unseen.trie.cpu_attention import stretch_mask, trie_attention_forward, trie_mask

HEADS, WIDTH = 6, 8


def inputs_of(seed: int, trunk: int, branches: int, longest: int) -> TrieInputs:
    """Two rows: branches, and branches of branches, behind a trunk; and a shorter chain, which is padded."""
    draw = np.random.default_rng(seed)
    start = draw.integers(0, 9, trunk)
    rows = []
    for _ in range(branches):
        again = rows[int(draw.integers(len(rows)))] if rows and draw.random() < 0.5 else start
        kept = again[: int(draw.integers(min(trunk, len(again)), len(again) + 1))]
        rows.append(np.concatenate([kept, draw.integers(0, 9, int(draw.integers(1, longest)))]))
    chain = draw.integers(0, 9, 5)
    tries = [
        trie_of([each.astype(np.int32) for each in group], [np.ones(len(each), dtype=np.float32) for each in group])
        for group in (rows, [chain])
    ]
    return TrieInputs.of(trie_rows(tries))


def states(inputs: TrieInputs, key_heads: int, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    """Queries, keys, values, and a gradient of what is read with them; nothing comes back from padding."""
    torch.manual_seed(0)
    rows, nodes = inputs.ids.shape
    made = [torch.randn(rows, heads, nodes, WIDTH).to(dtype) for heads in (HEADS, key_heads, key_heads, HEADS)]
    made[3][1, :, 4:] = 0
    return made


def read(attend: Any, given: list[torch.Tensor]) -> list[torch.Tensor]:
    """What is read where there is a node, and the gradients of queries, keys and values."""
    *leaves, back = [each.clone() for each in given]
    for leaf in leaves:
        leaf.requires_grad_()
    out = attend(*leaves)
    out.backward(back)
    return [out.detach() * (back != 0), *(leaf.grad for leaf in leaves)]


def by_blocks(inputs: TrieInputs, window: int | None) -> Any:
    mask = trie_mask(inputs.end, inputs.position, window)

    def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return trie_attention_forward(torch.nn.Module(), query, key, value, mask)[0].transpose(1, 2)

    return attend


def dense(inputs: TrieInputs, window: int | None) -> Any:
    mask = sees(inputs, window)

    def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        group = query.shape[1] // key.shape[1]
        key, value = (each.repeat_interleave(group, 1) for each in (key, value))
        return scaled_dot_product_attention(query, key, value, attn_mask=mask)

    return attend


def error(found: list[torch.Tensor], truth: list[torch.Tensor]) -> float:
    return max(float((a.float() - b.float()).norm() / b.float().norm()) for a, b in zip(found, truth, strict=True))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 99),
    trunk=st.integers(6, 60),
    branches=st.integers(1, 8),
    longest=st.integers(2, 60),
    block=st.sampled_from([1, 7, 32, 128]),
    window=st.sampled_from([None, 2, 5, 40]),
    key_heads=st.sampled_from([1, 2, 6]),
)
def test_blocks_read_what_a_dense_mask_reads(
    seed: int, trunk: int, branches: int, longest: int, block: int, window: int | None, key_heads: int
) -> None:
    inputs = inputs_of(seed, trunk, branches, longest)
    given_states = states(inputs, key_heads)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cpu_attention, "BLOCK", block)
        found = read(by_blocks(inputs, window), given_states)

    assert error(found, read(dense(inputs, window), given_states)) < 2e-6


def stretch_of(inputs: TrieInputs, start: int, stop: int) -> tuple[TrieInputs, int]:
    """Nodes [start, stop) of a forest of both rows, as one row behind the path to `start`; how long the path is."""
    nodes = int((inputs.position[1] == 0).nonzero()[1])  # of the chain, whose padding is left out
    widest = inputs.ids.shape[1]
    position = torch.cat([inputs.position[0], inputs.position[1, :nodes]])
    end = torch.cat([inputs.end[0], inputs.end[1, :nodes] + widest])
    path = (end[:start] > start).nonzero()[:, 0]
    kept = torch.cat([path, torch.arange(start, min(stop, len(end)))])
    ends = torch.searchsorted(kept, end[kept])
    none = torch.empty(0, dtype=torch.int64)
    return TrieInputs(position[kept][None], position[kept][None], ends[None], none, none, True, rooted=False), len(path)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 99),
    trunk=st.integers(6, 60),
    branches=st.integers(1, 8),
    start=st.floats(0, 0.99),
    size=st.integers(1, 300),
    block=st.sampled_from([1, 7, 32, 64]),
    window=st.sampled_from([None, 2, 5, 40]),
    key_heads=st.sampled_from([1, 2, 6]),
)
def test_blocks_of_a_stretch_read_what_a_dense_mask_reads_behind_a_path(
    seed: int, trunk: int, branches: int, start: float, size: int, block: int, window: int | None, key_heads: int
) -> None:
    """The stretch may hold the second root, and begin anywhere in the first one's branches."""
    rows = inputs_of(seed, trunk, branches, 40)
    first = int(start * rows.ids.shape[1])
    inputs, behind = stretch_of(rows, first, first + size)
    draw = torch.Generator().manual_seed(seed)
    nodes = inputs.ids.shape[1]
    query, key, value = (
        torch.randn(1, heads, count, WIDTH, generator=draw)
        for heads, count in ((HEADS, nodes - behind), (key_heads, nodes), (key_heads, nodes))
    )
    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        patch.setattr(cpu_attention, "STRETCH_BLOCK", block)
        mask = stretch_mask(inputs.end, inputs.position, window, behind)
        found = trie_attention_forward(torch.nn.Module(), query, key, value, mask)[0].transpose(1, 2)

    group = HEADS // key_heads
    repeated = (each.repeat_interleave(group, 1) for each in (key, value))
    truth = scaled_dot_product_attention(query, *repeated, attn_mask=sees(inputs, window, behind))
    assert error([found], [truth]) < 2e-6


@pytest.mark.parametrize("trunk", [40, 300])
@pytest.mark.parametrize("branches", [3, 12])
@pytest.mark.parametrize("key_heads", [2, 6])
def test_in_bfloat16_the_error_is_that_of_a_dense_mask(trunk: int, branches: int, key_heads: int) -> None:
    """Against float32 truth, at most 1.1 times the error of torch's own attention in the same precision."""
    inputs = inputs_of(1, trunk, branches, 80)
    rounded = states(inputs, key_heads, torch.bfloat16)
    truth = read(dense(inputs, None), [each.float() for each in rounded])
    ours, theirs = (read(attend(inputs, None), rounded) for attend in (by_blocks, dense))

    for mine, other, true in zip(ours, theirs, truth, strict=True):
        assert error([mine], [true]) <= 1.1 * error([other], [true])


def test_autocast_runs_it_in_its_own_precision() -> None:
    inputs = inputs_of(0, 20, 3, 20)
    with torch.autocast("cpu", torch.bfloat16):
        out = by_blocks(inputs, None)(*states(inputs, 2)[:3])

    assert out.dtype == torch.bfloat16


def test_what_a_trie_cannot_be_given_is_refused() -> None:
    inputs = inputs_of(0, 20, 3, 20)
    query, key, value, _ = states(inputs, 2)
    mask = trie_mask(inputs.end, inputs.position, None)
    for more in ({"softcap": 30.0}, {"s_aux": torch.ones(HEADS)}, {"dropout": 0.1}):
        with pytest.raises(ValueError, match="takes no"):
            trie_attention_forward(torch.nn.Module(), query, key, value, mask, **more)


def test_every_other_mask_is_left_to_torch() -> None:
    inputs = inputs_of(0, 20, 3, 20)
    query, key, value, _ = states(inputs, HEADS)
    module = SimpleNamespace(is_causal=True)
    causal, _ = trie_attention_forward(module, query, key, value, None)  # type: ignore[arg-type]
    masked, _ = trie_attention_forward(module, query, key, value, sees(inputs, None))  # type: ignore[arg-type]

    assert torch.equal(causal.transpose(1, 2), scaled_dot_product_attention(query, key, value, is_causal=True))
    assert torch.equal(masked.transpose(1, 2), dense(inputs, None)(query, key, value))
