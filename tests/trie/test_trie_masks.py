"""Masks of a trie in every form are the same mask: dense, in blocks, and behind what a cache holds."""

from __future__ import annotations

from shutil import which

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tries import (
    Weighted,
    assert_same,
    fixed_sequences,
    gradients,
    micro_batches,
    rows_loss,
    trie_loss,
    weighted_sequences,
)
from tiny_families import tiny_family
from torch._dynamo.utils import counters
from torch.nn.attention.flex_attention import BlockMask

from unseen.encode.trie import trie_of
from unseen.encode.trie_rows import trie_rows
from unseen.trie.attention import TrieAttention, TrieInputs, sees
from unseen.trie.blocks import BLOCK, block_mask
from unseen.trie.check import Plain, branching_rows, states_in_trie, trie_attention
from unseen.trie.kernel import FLEX, Kernel, kernel_of, running

compiling = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, when its compiler is loaded
windows = st.none() | st.integers(1, 60)


def opened(mask: BlockMask) -> torch.Tensor:
    """bool [rows, 1, widest, widest]: blocks that are read whole, and what the mask says within the others."""
    rows, _, blocks, _ = mask.kv_indices.shape
    place = torch.arange(blocks * BLOCK)
    row = torch.arange(rows)[:, None, None]
    within = mask.mask_mod(row, 0, place[:, None], place[None, :])[:, None]

    def listed(counts: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
        found = torch.zeros(rows, 1, blocks, blocks, dtype=torch.bool)
        first = torch.arange(blocks) < counts[..., None]
        found.scatter_(-1, indices.long(), first)
        return found.repeat_interleave(BLOCK, -1).repeat_interleave(BLOCK, -2)

    partial = listed(mask.kv_num_blocks, mask.kv_indices)
    full = listed(mask.full_kv_num_blocks, mask.full_kv_indices)
    assert not (partial & full).any()
    return (partial & within) | full


@settings(max_examples=25, deadline=None)
@given(weighted_sequences(most=30, longest=60), st.integers(60, 900), windows)
def test_a_block_mask_is_the_dense_mask(given_: Weighted, budget: int, window: int | None) -> None:
    for arrays in micro_batches(given_, budget):
        inputs = TrieInputs.of(arrays).padded(BLOCK)
        assert torch.equal(opened(block_mask(inputs.end, inputs.position, window)), sees(inputs, window))


def test_blocks_that_no_node_reads_are_skipped_and_whole_ones_are_read_without_a_mask() -> None:
    arrays = micro_batches(fixed_sequences(0, count=6, trunk=2 * BLOCK, branch=BLOCK), budget=10_000)
    inputs = TrieInputs.of(arrays[0]).padded(BLOCK)
    mask = block_mask(inputs.end, inputs.position, None)
    blocks = inputs.ids.shape[1] // BLOCK
    assert int(mask.kv_num_blocks.sum() + mask.full_kv_num_blocks.sum()) < 0.75 * blocks * (blocks + 1) / 2
    assert int(mask.full_kv_num_blocks.sum()) >= blocks


@settings(max_examples=25, deadline=None)
@given(weighted_sequences(), st.integers(2, 40))
def test_padding_sees_itself_and_nothing_sees_padding(given_: Weighted, multiple: int) -> None:
    for arrays in micro_batches(given_, 60):
        inputs = TrieInputs.of(arrays)
        wider = inputs.padded(multiple)
        width, seen = inputs.ids.shape[1], sees(wider, None)[:, 0]
        assert wider.ids.shape[1] % multiple == 0 and torch.equal(seen[:, :width, :width], sees(inputs, None)[:, 0])
        own = torch.eye(wider.ids.shape[1], dtype=torch.bool)
        assert torch.equal(seen[:, width:], own[width:].expand_as(seen[:, width:]))
        assert not seen[:, :width, width:].any()


def differs_with_flex_attention(name: str) -> float:
    module = tiny_family(name)
    attention = trie_attention(module)
    assert not isinstance(attention, Plain)
    rows = branching_rows(branches=4)
    with torch.no_grad():
        expected = states_in_trie(module.base_model, attention, rows)
        with running(module, Kernel(FLEX)):
            found = states_in_trie(module.base_model, attention, rows)
    return float((found - expected).norm() / expected.norm())


@compiling
@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("name", ["Llama", "Mistral", "Gemma3Text", "Cohere2", "Gemma2", "OPT"])
def test_flex_attention_reads_a_trie_as_the_own_attention_does(name: str) -> None:
    with torch.compiler.set_stance("force_eager"):
        assert differs_with_flex_attention(name) < 1e-5


@pytest.mark.slow
@compiling
def test_flex_attention_is_compiled_for_a_few_shapes_and_right_for_all() -> None:
    if which("g++") is None and which("clang++") is None:
        pytest.skip("torch compiles FlexAttention with a C++ compiler, which is missing")
    module = tiny_family("Mistral", max_position_embeddings=1024)
    attention = TrieAttention({"": 6})
    graphs = []
    for rows, *shape in [(1, 3, 60, 20), (1, 3, 100, 60), (2, 3, 100, 90), (3, 5, 200, 80), (1, 4, 700, 50)]:
        sets = [fixed_sequences(seed, *shape) for seed in range(rows)]
        inputs = TrieInputs.of(trie_rows([trie_of(each.sequences, each.weights) for each in sets]))
        with torch.no_grad():
            expected = attention.run(module.base_model, inputs)
            with running(module, Kernel(FLEX)):
                found = attention.run(module.base_model, inputs)
        assert (found - expected).norm() / expected.norm() < 1e-5
        graphs.append(counters["stats"]["unique_graphs"])
    assert graphs[0] < graphs[2] == graphs[-1]


@compiling
@pytest.mark.skipif(not torch.cuda.is_available(), reason="FlexAttention has gradients on CUDA only, which is missing")
@pytest.mark.parametrize("name", ["Llama", "Mistral", "Gemma3Text"])
def test_on_cuda_flex_attention_is_chosen_and_gives_the_loss_and_gradients_of_rows(name: str) -> None:
    module = tiny_family(name, hidden_size=128, head_dim=32, max_position_embeddings=1024)
    attention = trie_attention(module)
    assert not isinstance(attention, Plain)
    given_ = fixed_sequences(0, count=5, trunk=200, branch=80)
    truth = rows_loss(module, given_)
    expected = gradients(module, truth)
    module.cuda()
    kernel = kernel_of(module, attention, torch.device("cuda"))
    assert kernel == Kernel(FLEX)
    with running(module, kernel):
        loss = trie_loss(module, attention, given_, budget=2000)
        found = {each: value.cpu() for each, value in gradients(module, loss).items()}
    assert loss.item() == pytest.approx(truth.item(), rel=1e-3)
    assert_same(found, expected, relative=1e-2)
