"""Trie = plain: the loss and all gradients of a set of sequences, for every family that reads tries."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tries import Weighted, assert_same, fixed_sequences, gradients, rows_loss, trie_loss, weighted_sequences
from tiny_families import FAMILIES, tiny_family

from unseen.recipe import TrainSettings
from unseen.train.mode import tuning_mode
from unseen.trie.attention import TrieAttention, implementation_of
from unseen.trie.check import Plain, trie_attention
from unseen.trie.kernel import Kernel, kernel_of, running

CPU = torch.device("cpu")
ONE = {"": None}
BY_KIND = {"sliding_attention": 6, "full_attention": None}
WINDOWS = {
    **dict.fromkeys(FAMILIES, ONE),
    **dict.fromkeys(("Gemma3Text", "Cohere2", "Olmo3", "Gemma2", "GptOss"), BY_KIND),
    "Mistral": {"": 6},
}
OWN = {"Falcon", "Gemma2", "GptOss"}  # families that only run with their own attention
every_family = pytest.mark.parametrize("name", FAMILIES)


@cache
def family(name: str) -> tuple[Any, TrieAttention, Kernel]:
    module = tiny_family(name)
    attention = trie_attention(module)
    assert not isinstance(attention, Plain), attention.reason
    return module, attention, kernel_of(module, attention, CPU)


@every_family
def test_the_check_finds_what_each_kind_of_layer_sees(name: str) -> None:
    module, attention, kernel = family(name)
    assert attention == TrieAttention(WINDOWS[name])
    assert (kernel.name == implementation_of(module)) == (name in OWN)
    assert bool(kernel.reason) == (name in OWN)


@every_family
@settings(max_examples=12, deadline=None)
@given(given_=weighted_sequences(), budget=st.integers(4, 120))
def test_loss_and_gradients_of_a_trie_are_those_of_its_rows(name: str, given_: Weighted, budget: int) -> None:
    module, attention, kernel = family(name)
    truth = rows_loss(module, given_)
    expected = gradients(module, truth)
    for each in {kernel, Kernel(implementation_of(module))}:
        with running(module, each):
            loss = trie_loss(module, attention, given_, budget)
            assert loss.item() == pytest.approx(truth.item(), rel=1e-5)
            assert_same(gradients(module, loss), expected)


@pytest.mark.parametrize("name", ["Llama", "GPT2", "Gemma3Text", "Gemma2", "Mixtral"])
def test_gradient_checkpointing_changes_nothing(name: str) -> None:
    module, attention, kernel = family(name)
    given_ = fixed_sequences(0, count=4, trunk=12, branch=9)
    runs: list[int] = []
    layer = next(each for each in module.modules() if type(each).__name__.endswith(("DecoderLayer", "Block")))
    first = next(layer.children())  # a layer's own hooks are outside of what is run again
    with running(module, kernel), first.register_forward_pre_hook(lambda *_: runs.append(1)):
        expected = gradients(module, trie_loss(module, attention, given_))
        once = len(runs)
        with tuning_mode(module, TrainSettings(gradient_checkpointing=True), CPU):
            found = gradients(module, trie_loss(module, attention, given_))
    assert len(runs) == 3 * once  # forward, and again in backward
    assert_same(found, expected, relative=1e-6)


def test_adapters_are_read_and_trained_through_a_trie() -> None:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    with warnings.catch_warnings():  # PEFT asks transformers by a name that is going out of use
        warnings.simplefilter("ignore", FutureWarning)
        module = get_peft_model(tiny_family("Qwen3"), config).eval()
    for each in module.parameters():
        if each.requires_grad:
            torch.nn.init.normal_(each, std=0.2, generator=torch.Generator().manual_seed(0))
    attention = trie_attention(module)
    given_ = fixed_sequences(1, count=3, trunk=10, branch=7)
    truth, loss = rows_loss(module, given_), trie_loss(module, attention, given_)
    assert loss.item() == pytest.approx(truth.item(), rel=1e-5)
    assert_same(gradients(module, loss), gradients(module, truth))
