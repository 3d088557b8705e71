"""A trie read in stretches, with the path to each in a cache: the states that every sequence has alone, by blocks and
with a model's own attention."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tries import Weighted, fixed_sequences, weighted_sequences
from tiny_families import FAMILIES, tiny_family
from transformers import LlamaForCausalLM

from unseen.ask.reader import TrieReader, asking, reader_of
from unseen.encode.trie import trie_of
from unseen.trie import cpu_attention
from unseen.trie.attention import TrieAttention, implementation_of
from unseen.trie.check import Plain, trie_attention
from unseen.trie.cpu_attention import ATTENTION
from unseen.trie.kernel import Kernel, kernel_of, running
from unseen.trie.stream import Stretch, stretches
from unseen.trie.stream_check import stream_disagreement, stream_kernel

OWN = {"Falcon", "Gemma2", "GptOss"}  # families that only run with their own attention
every_family = pytest.mark.parametrize("name", FAMILIES)


@cache
def family(name: str) -> tuple[Any, TrieAttention]:
    module = tiny_family(name)
    attention = trie_attention(module)
    assert not isinstance(attention, Plain), attention.reason
    return module, attention


@cache
def kernels(name: str) -> set[Kernel]:
    """The attention by blocks where a family takes it, and its own."""
    module, attention = family(name)
    kernel = stream_kernel(module, attention)
    assert isinstance(kernel, Kernel)
    return {kernel, Kernel(implementation_of(module))}


@every_family
def test_every_family_that_lets_its_attention_be_set_reads_by_blocks(name: str) -> None:
    assert (Kernel(ATTENTION) in kernels(name)) == (name not in OWN)


@every_family
@settings(max_examples=12, deadline=None)
@given(given_=weighted_sequences(), size=st.integers(1, 60), block=st.integers(1, 20))
def test_states_in_stretches_are_those_of_each_sequence_alone(
    name: str, given_: Weighted, size: int, block: int
) -> None:
    """Stretches hold several blocks and several roots, and begin and end within branches."""
    module, attention = family(name)
    trie = trie_of(given_.sequences, given_.weights)
    for kernel in kernels(name):
        with torch.inference_mode(), running(module, kernel), pytest.MonkeyPatch.context() as patch:
            patch.setattr(cpu_attention, "STRETCH_BLOCK", block)
            parts = list(stretches(module.base_model, attention, trie, size))
        assert sum(part.stop - part.start for part in parts) == len(trie)
        assert_alone(module.base_model, given_, parts)


def assert_alone(network: Any, given_: Weighted, parts: list[Stretch]) -> None:
    trie = trie_of(given_.sequences, given_.weights)
    states = torch.cat([part.outputs for part in parts])
    for number, sequence in enumerate(given_.sequences):
        sources = trie.sources[trie.asked[trie.starts[number] : trie.starts[number + 1]]]
        with torch.inference_mode():
            alone = network(input_ids=torch.from_numpy(sequence[None].astype(np.int64)), use_cache=False)[0][0]
        found, truth = states[torch.from_numpy(sources)], alone[torch.from_numpy(trie.position[sources])]
        torch.testing.assert_close(found, truth, rtol=2e-5, atol=2e-5)


def test_roots_side_by_side_in_a_stretch_are_read_apart_under_the_attention_for_tries() -> None:
    """Whose rows have one root each in tuning."""
    module = tiny_family("Llama")
    attention = trie_attention(module)
    assert not isinstance(attention, Plain)
    kernel = kernel_of(module, attention, torch.device("cpu"))
    assert kernel.name == ATTENTION
    sequences = [np.array([root, 5, 6, 7, root], dtype=np.int32) for root in (1, 2, 3)]
    trie = trie_of(sequences, [np.ones(5, dtype=np.float32)] * 3)
    with torch.inference_mode(), running(module, kernel):
        [stretch] = stretches(module.base_model, attention, trie, 256)
    with torch.inference_mode():
        alone = [module.base_model(input_ids=torch.from_numpy(each[None, :-1]).long())[0][0] for each in sequences]
    torch.testing.assert_close(stretch.outputs, torch.cat(alone), rtol=2e-5, atol=2e-5)


class Forgetful(LlamaForCausalLM):
    """Reads its cache one position short."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.model.register_forward_pre_hook(self._forget, with_kwargs=True)

    @staticmethod
    def _forget(module: Any, args: Any, given: dict[str, Any]) -> Any:
        mask, cache = given.get("attention_mask"), given.get("past_key_values")
        if cache is not None and cache.get_seq_length():
            forgotten = mask[..., 0] if mask.dtype == torch.bool else mask[..., 0, 0]  # by blocks: where a node ends
            forgotten.zero_()
        return args, given


class Broken(LlamaForCausalLM):
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.model.register_forward_pre_hook(self._refuse, with_kwargs=True)

    @staticmethod
    def _refuse(module: Any, args: Any, given: dict[str, Any]) -> Any:
        if given.get("past_key_values") is not None:
            raise ValueError("takes no cache")


class Boolean(LlamaForCausalLM):
    """Takes masks of truth values only."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.model.register_forward_pre_hook(self._refuse, with_kwargs=True)

    @staticmethod
    def _refuse(module: Any, args: Any, given: dict[str, Any]) -> Any:
        mask = given.get("attention_mask")
        if mask is not None and mask.dtype != torch.bool:
            raise ValueError("takes no integers")
        return args, given


@pytest.mark.parametrize("name", [ATTENTION, "sdpa"])
@pytest.mark.parametrize(("kind", "said"), [(Forgetful, "otherwise than rows"), (Broken, "takes no cache")])
def test_a_model_that_does_not_read_its_cache_is_found(kind: type, said: str, name: str) -> None:
    module = kind(tiny_family("Llama").config)
    attention = trie_attention(module)
    assert not isinstance(attention, Plain)
    assert said in stream_disagreement(module, attention, name)
    assert isinstance(reader_of(module, 4096), Plain)


def test_a_model_that_does_not_agree_by_blocks_keeps_its_own_attention() -> None:
    module = Boolean(tiny_family("Llama").config)
    reader = reader_of(module, 4096)
    assert isinstance(reader, TrieReader) and reader.kernel == Kernel("sdpa")
    by_blocks = reader_of(tiny_family("Llama"), 4096)
    assert isinstance(by_blocks, TrieReader) and reader.size < by_blocks.size < 4096, "a dense mask pays for length"
    assert_alone_when_asked(module, reader)


def test_the_model_has_its_own_attention_back_whenever_the_caller_has_the_turn() -> None:
    module = tiny_family("Gemma3Text")
    seen: list[str] = []
    module.base_model.register_forward_pre_hook(lambda *_: seen.append(implementation_of(module)))
    reader = reader_of(module, 16)
    assert isinstance(reader, TrieReader) and reader.kernel == Kernel(ATTENTION)
    seen.clear()
    assert_alone_when_asked(module, reader)
    assert seen[:4] == [ATTENTION] * 4 and implementation_of(module) == "sdpa"


def assert_alone_when_asked(module: Any, reader: TrieReader) -> None:
    given_ = fixed_sequences(0, count=4, trunk=13, branch=13)
    parts = []
    remaining = reader.stretches(trie_of(given_.sequences, given_.weights))
    while True:
        with asking(module):
            stretch = next(remaining, None)
        assert implementation_of(module) == "sdpa"
        if stretch is None:
            break
        parts.append(stretch)
    assert_alone(module.base_model, given_, parts)


def test_dropped_attention_weights_are_no_matter_in_asking() -> None:
    module = tiny_family("GPT2", attn_pdrop=0.1)
    assert kernel_of(module, TrieAttention({"": None}), torch.device("cpu")).name == "sdpa"
    assert stream_kernel(module, TrieAttention({"": None})) == Kernel(ATTENTION)


def test_half_precision_is_read_by_blocks_where_a_copy_in_it_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    module, attention = tiny_family("Llama").bfloat16(), TrieAttention({"": None})
    assert stream_kernel(module, attention) == Kernel(ATTENTION)
    flash = cpu_attention._flash()

    def in_float32(query: torch.Tensor, *more: Any, **named: Any) -> Any:
        if query.dtype != torch.float32:
            raise ValueError("no bfloat16")
        return flash(query, *more, **named)

    monkeypatch.setattr(cpu_attention, "_flash", lambda: in_float32)
    assert stream_kernel(module, attention) == Kernel("sdpa")
    assert stream_kernel(module.float(), attention) == Kernel(ATTENTION)
