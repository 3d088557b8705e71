"""A trie read in stretches, with the path to each in a cache: the states that every sequence has alone."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tries import Weighted, weighted_sequences
from tiny_families import FAMILIES, tiny_family
from transformers import LlamaForCausalLM

from unseen.ask.reader import reader_of
from unseen.encode.trie import trie_of
from unseen.trie.attention import TrieAttention
from unseen.trie.check import Plain, trie_attention
from unseen.trie.cpu_attention import ATTENTION
from unseen.trie.kernel import kernel_of, running
from unseen.trie.stream import stretches
from unseen.trie.stream_check import stream_disagreement


@cache
def family(name: str) -> tuple[Any, TrieAttention]:
    module = tiny_family(name)
    attention = trie_attention(module)
    assert not isinstance(attention, Plain), attention.reason
    return module.base_model, attention


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=12, deadline=None)
@given(given_=weighted_sequences(), size=st.integers(1, 60))
def test_states_in_stretches_are_those_of_each_sequence_alone(name: str, given_: Weighted, size: int) -> None:
    network, attention = family(name)
    sequences, weights = given_.sequences, given_.weights
    trie = trie_of(sequences, weights)
    with torch.inference_mode():
        parts = list(stretches(network, attention, trie, size))
        states = torch.cat([part.outputs for part in parts]) if parts else torch.empty(0, 0)
        for number, sequence in enumerate(sequences):
            edges = trie.asked[trie.starts[number] : trie.starts[number + 1]]
            if not len(edges):
                continue
            alone = network(input_ids=torch.from_numpy(sequence[None].astype(np.int64)), use_cache=False)[0][0]
            nodes = torch.from_numpy(trie.sources[edges])
            places = torch.from_numpy(trie.position[trie.sources[edges]])
            torch.testing.assert_close(states[nodes], alone[places], rtol=2e-5, atol=2e-5)
    assert sum(part.stop - part.start for part in parts) == len(trie) == len(states)


def test_roots_side_by_side_in_a_stretch_are_read_apart_under_the_attention_for_tries() -> None:
    """As in asking with a model that a `TrieCollator` has prepared, and whose rows have one root each in tuning."""
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
        mask = given.get("attention_mask")
        if mask is not None and mask.shape[-1] > mask.shape[-2]:
            mask[..., :1] = False
        return args, given


class Broken(LlamaForCausalLM):
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.model.register_forward_pre_hook(self._refuse, with_kwargs=True)

    @staticmethod
    def _refuse(module: Any, args: Any, given: dict[str, Any]) -> Any:
        if given.get("past_key_values") is not None:
            raise ValueError("takes no cache")


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_passes_the_check(name: str) -> None:
    assert stream_disagreement(tiny_family(name), family(name)[1]) == ""


@pytest.mark.parametrize(("kind", "said"), [(Forgetful, "otherwise than rows"), (Broken, "takes no cache")])
def test_a_model_that_does_not_read_its_cache_is_found(kind: type, said: str) -> None:
    module = kind(tiny_family("Llama").config)
    attention = trie_attention(module)
    assert not isinstance(attention, Plain)
    assert said in stream_disagreement(module, attention)
    assert isinstance(reader_of(module, 4096), Plain)
