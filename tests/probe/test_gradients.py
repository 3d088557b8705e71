"""Gradients of single examples are those that a pass for each of them gives."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

from unseen.encode.encoded import Encoded
from unseen.errors import DataMistake, ModelMistake
from unseen.model.adapter import add_lora
from unseen.probe.gradients import cosine_of, linear_layers, measure, norm_of, product_of, summed_gradient
from unseen.recipe import TrainSettings


@pytest.fixture(scope="module", params=["llama", "qwen3"])
def module(request: pytest.FixtureRequest) -> Any:
    """Two layers with weights of their own; 300 tokens."""
    config, kind = {"llama": (LlamaConfig, LlamaForCausalLM), "qwen3": (Qwen3Config, Qwen3ForCausalLM)}[request.param]
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return kind(config(vocab_size=300, num_key_value_heads=2, **sizes)).eval()


def examples(lengths: list[int], seed: int = 0) -> list[Encoded]:
    """Random tokens; the first half of each is its prompt, and every other example has half weights."""
    random = np.random.default_rng(seed)
    made = []
    for number, length in enumerate(lengths):
        weights = np.where(np.arange(length) < length // 2, 0, 1 - 0.5 * (number % 2)).astype(np.float32)
        ids = random.integers(5, 200, length).astype(np.int32)
        made.append(Encoded(f"e{number}", ids, weights, length // 2))
    return made


def one_by_one(module: Any, rows: list[Encoded]) -> list[dict[str, torch.Tensor]]:
    """Each example's gradient by autograd, its loss the weighted sum over its supervised tokens."""
    layers, found = linear_layers(module), []
    for row in rows:
        ids, weights = torch.from_numpy(row.ids.astype(np.int64)), torch.from_numpy(row.weights[1:])
        for layer in layers.values():
            layer.weight.requires_grad_(True)
        logits = module(input_ids=ids[None]).logits[0, :-1].float()
        nats = torch.nn.functional.cross_entropy(logits, ids[1:], reduction="none")
        gradients = torch.autograd.grad((nats * weights).sum(), [each.weight for each in layers.values()])
        found.append(dict(zip(layers, gradients, strict=True)))
    return found


@pytest.mark.parametrize("batch_tokens", [1, 40, 4096])
def test_norms_and_products_are_those_of_a_pass_for_each(module: Any, batch_tokens: int) -> None:
    """Rows of 4 and 90 tokens take both ways to a norm, whatever batch they stand in."""
    rows, others = examples([4, 90, 17, 30, 9]), examples([12, 20], seed=1)
    alone, them = one_by_one(module, rows), one_by_one(module, others)
    given = summed_gradient(module, others)
    for name, each in given.items():
        torch.testing.assert_close(each, them[0][name] + them[1][name], rtol=1e-4, atol=1e-6)
    found = measure(module, rows, {"others": given}, batch_tokens)
    np.testing.assert_allclose(found.norms, [norm_of(each) for each in alone], rtol=1e-4)
    np.testing.assert_allclose(
        found.products["others"], [product_of(each, given) for each in alone], rtol=1e-3, atol=1e-6
    )
    cosines = [cosine_of(each, given) for each in alone]
    np.testing.assert_allclose(found.cosines("others", norm_of(given)), cosines, rtol=1e-3, atol=1e-5)


def test_the_model_is_left_as_it_was(module: Any) -> None:
    before = {name: (each.clone(), each.requires_grad) for name, each in module.named_parameters()}
    measure(module, examples([6, 8]))
    for name, each in module.named_parameters():
        assert torch.equal(each, before[name][0]) and each.requires_grad == before[name][1] and each.grad is None
    assert not any(layer._forward_hooks or layer._backward_hooks for layer in linear_layers(module).values())


def test_an_example_that_teaches_nothing_is_a_mistake(module: Any) -> None:
    silent = Encoded("silent", np.arange(5, 9, dtype=np.int32), np.zeros(4, dtype=np.float32), 4)
    with pytest.raises(DataMistake, match="silent: has no supervised token"):
        measure(module, [*examples([5]), silent])


def test_an_adapter_is_to_be_merged_first(module: Any) -> None:
    adapted = add_lora(deepcopy(module), TrainSettings(rank=2), 0)
    with pytest.raises(ModelMistake, match="is an adapter; merge it"):
        measure(adapted, examples([5]))
