"""What cannot read tries is found on a small copy, whatever its configuration says, and goes on plain."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tiny_families import tiny_family
from transformers import LlamaForCausalLM, MistralForCausalLM

from unseen.trie import cpu_attention
from unseen.trie.attention import TrieAttention, implementation_of
from unseen.trie.check import Plain, trie_attention
from unseen.trie.cpu_attention import ATTENTION
from unseen.trie.kernel import Kernel, kernel_of, running
from unseen.trie.small_copy import small_copy

CPU = torch.device("cpu")


class Deaf(LlamaForCausalLM):
    """Takes a mask and runs under a causal one."""

    def forward(self, *, attention_mask: Any = None, **more: Any) -> Any:
        return super().forward(**more)


class Counting(LlamaForCausalLM):
    """Takes positions and counts them from the index."""

    def forward(self, *, position_ids: Any = None, **more: Any) -> Any:
        return super().forward(**more)


class Wide(MistralForCausalLM):
    """Takes a windowed mask and widens it to everything before."""

    def forward(self, *, attention_mask: Any = None, **more: Any) -> Any:
        if attention_mask is not None:
            attention_mask = attention_mask | torch.ones_like(attention_mask).tril().bool()
        return super().forward(attention_mask=attention_mask, **more)


class Refusing(LlamaForCausalLM):
    """Fails where it is given a mask."""

    def forward(self, *, attention_mask: Any = None, **more: Any) -> Any:
        if attention_mask is not None:
            raise ValueError("no masks\nhere")
        return super().forward(**more)


def with_class(name: str, kind: type) -> Any:
    module = tiny_family(name)
    module.__class__ = kind
    return module


def reason_of(module: Any) -> str:
    found = trie_attention(module)
    assert isinstance(found, Plain)
    assert found.reason and "\n" not in found.reason
    return found.reason


@pytest.mark.parametrize(("name", "kind"), [("Llama", Deaf), ("Llama", Counting), ("Mistral", Wide)])
def test_a_model_that_reads_a_trie_wrongly_goes_on_plain(name: str, kind: type) -> None:
    assert isinstance(trie_attention(tiny_family(name)), TrieAttention)
    assert "otherwise than its rows" in reason_of(with_class(name, kind))


def test_a_model_that_fails_on_a_trie_goes_on_plain() -> None:
    assert "no masks here" in reason_of(with_class("Llama", Refusing))


def test_a_model_without_positions_goes_on_plain() -> None:
    bloom = tiny_family("Bloom", hidden_size=32, n_head=4, n_layer=2)
    assert "names no position_ids" in reason_of(bloom)


def test_falcon_reads_tries_only_with_rotary_positions() -> None:
    assert isinstance(trie_attention(tiny_family("Falcon", alibi=False)), TrieAttention)
    reason_of(tiny_family("Falcon", alibi=True))


def test_recurrent_models_go_on_plain() -> None:
    assert "linear_attention" in reason_of(tiny_family("Mamba", hidden_size=32, num_hidden_layers=2))
    hybrid = {"layer_types": ["linear_attention", "full_attention"], "num_experts": 4, "num_experts_per_tok": 2}
    assert "linear_attention" in reason_of(tiny_family("Qwen3Next", hidden_size=32, num_hidden_layers=2, **hybrid))


def test_experts_whose_auxiliary_loss_is_demanded_go_on_plain() -> None:
    assert "output_router_logits" in reason_of(tiny_family("Mixtral", output_router_logits=True))


def test_encoder_decoders_go_on_plain() -> None:
    config = transformers.T5Config(d_model=32, d_ff=48, d_kv=8, num_layers=2, num_heads=4, vocab_size=64)
    assert "encoder-decoder" in reason_of(transformers.T5ForConditionalGeneration(config))


def test_prompt_tuning_goes_on_plain() -> None:
    from peft import PromptTuningConfig, get_peft_model

    with warnings.catch_warnings():  # PEFT asks transformers by a name that is going out of use
        warnings.simplefilter("ignore", FutureWarning)
        module = get_peft_model(tiny_family("Llama"), PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3))
    assert "virtual tokens" in reason_of(module)


def test_the_check_changes_neither_the_model_nor_the_random_numbers() -> None:
    module = tiny_family("Gemma3Text").train()
    before = module.config.to_dict(), {name: each.clone() for name, each in module.state_dict().items()}
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    found = trie_attention(module)
    assert isinstance(found, TrieAttention)
    kernel_of(module, found, CPU)
    assert torch.equal(torch.rand(4), expected)
    assert module.training and implementation_of(module) == "sdpa" and module.config.to_dict() == before[0]
    assert all(torch.equal(each, before[1][name]) for name, each in module.state_dict().items())


def test_the_check_is_the_same_wherever_it_is_asked() -> None:
    module = tiny_family("Mistral")
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        found = trie_attention(module)
        assert isinstance(found, TrieAttention)
        assert kernel_of(module, found, CPU).reason == ""


def test_a_model_is_as_it_was_after_running_with_another_attention() -> None:
    module = tiny_family("Llama")
    kernel = kernel_of(module, TrieAttention({"": None}), CPU)
    with pytest.raises(KeyError), running(module, kernel):
        assert implementation_of(module) == kernel.name != "sdpa"
        raise KeyError
    assert implementation_of(module) == "sdpa"


def test_a_wrong_window_is_no_reason_to_run_a_faster_attention() -> None:
    module = tiny_family("Mistral")
    assert kernel_of(module, TrieAttention({"": 6}), CPU).reason == ""
    wrong = kernel_of(module, TrieAttention({"": None}), CPU)
    assert wrong == Kernel("sdpa", wrong.reason) and "differs" in wrong.reason


def test_an_attention_that_fails_in_the_precision_of_the_run_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    module, attention = tiny_family("Llama"), TrieAttention({"": None})
    assert kernel_of(module, attention, CPU, torch.bfloat16).name == ATTENTION

    def in_float32(query: torch.Tensor, *more: Any) -> Any:
        if query.dtype != torch.float32:
            raise ValueError("no bfloat16")
        return apply(query, *more)

    apply = cpu_attention._TrieAttention.apply
    monkeypatch.setattr(cpu_attention, "_TrieAttention", SimpleNamespace(apply=in_float32))
    assert kernel_of(module, attention, CPU).name == ATTENTION
    kernel = kernel_of(module, attention, CPU, torch.bfloat16)
    assert kernel.name == "sdpa" and "failed on a small copy (no bfloat16)" in kernel.reason


@pytest.mark.parametrize(("name", "rate"), [("Llama", "attention_dropout"), ("GPT2", "attn_pdrop")])
def test_attention_dropout_keeps_the_own_attention(name: str, rate: str) -> None:
    kernel = kernel_of(tiny_family(name, **{rate: 0.1}), TrieAttention({"": None}), CPU)
    assert kernel.name == "sdpa" and "drops" in kernel.reason


def test_a_copy_of_a_large_model_is_small_and_has_every_kind_of_layer() -> None:
    kinds = ["sliding_attention"] * 5 + ["full_attention"]
    config = transformers.Gemma3TextConfig(
        hidden_size=3072, intermediate_size=24576, num_hidden_layers=48, num_attention_heads=16, layer_types=kinds * 8
    )
    with torch.device("meta"):
        base = transformers.Gemma3ForCausalLM(config)
    copy = small_copy(base)
    assert sum(each.numel() for each in copy.parameters()) < 0.01 * sum(each.numel() for each in base.parameters())
    assert copy.config.layer_types == ["sliding_attention", "full_attention"]
    assert copy.config.head_dim == config.head_dim and copy.config.num_attention_heads == 16
    assert all(each.dtype == torch.float32 and each.device.type == "cpu" for each in copy.parameters())
    assert config.num_hidden_layers == 48 and np.prod(base.get_input_embeddings().weight.shape) > 1e8


def test_layers_that_differ_by_list_are_all_tried() -> None:
    copy = small_copy(tiny_family("SmolLM3", num_hidden_layers=4, no_rope_layers=[1, 1, 1, 0]))
    assert copy.config.no_rope_layers == [1, 0]
