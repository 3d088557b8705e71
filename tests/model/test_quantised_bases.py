"""Bases of 8 and 4 bits under LoRA. bitsandbytes runs on a processor too, slowly, so it is tried there."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import END, logits, save_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from unseen.errors import MissingExtra, ModelMistake, RecipeMistake
from unseen.model.adapter import add_lora, merged
from unseen.model.folder import resolve
from unseen.model.load import LanguageModel, load_model
from unseen.model.quantise import check_base_bits, is_quantised, quantisation
from unseen.model.save import save_model
from unseen.recipe import Recipe, TrainSettings
from unseen.section import check_model
from unseen.study.fingerprint import fingerprint

needs_bitsandbytes = pytest.mark.skipif(
    importlib.util.find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed: the extra 'bitsandbytes'"
)
LORA = TrainSettings(rank=2, targets="attention")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Wide enough for bitsandbytes' blocks of 64."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=END + 1,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=128,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "base")
    save_tokenizer(tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture(autouse=True)
def _their_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def load(folder: Path, **more: Any) -> LanguageModel:
    return load_model(resolve(str(folder)), **more)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"base_bits": 4, "method": "full"}, "method: full tunes all of it"),
        ({"base_bits": 8, "sharding": "fsdp"}, "do not go together"),
        ({"base_bits": 5}, "base_bits"),
    ],
)
def test_what_does_not_go_together_is_a_mistake_of_the_recipe(values: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeMistake, match=said):
        check_model(TrainSettings, values, "recipe.yaml", RecipeMistake)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"unseen\[bitsandbytes\]"):
        check_base_bits(TrainSettings(base_bits=4))
    with pytest.raises(MissingExtra, match=r"unseen\[bitsandbytes\]"):
        load(folder, base_bits=4)
    check_base_bits(TrainSettings())


def test_without_a_cuda_device_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RecipeMistake, match="4 bits needs a CUDA device"):
        check_base_bits(TrainSettings(base_bits=4))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    check_base_bits(TrainSettings(base_bits=4))


def test_products_of_a_base_of_four_bits_are_computed_in_the_dtype_asked_for() -> None:
    four, eight = quantisation(4, "bfloat16"), quantisation(8, "bfloat16")
    assert four.load_in_4bit and four.bnb_4bit_quant_type == "nf4" and four.bnb_4bit_use_double_quant
    assert four.bnb_4bit_compute_dtype == torch.bfloat16
    assert eight.load_in_8bit and not eight.load_in_4bit


@needs_bitsandbytes
@pytest.mark.parametrize("bits", [4, 8])
def test_a_quantised_base_differs_and_takes_an_adapter(folder: Path, bits: Any) -> None:
    plain, model = load(folder), load(folder, base_bits=bits)
    assert (plain.base_bits, model.base_bits) == (None, bits)
    assert is_quantised(model.module) and not is_quantised(plain.module)
    difference = float((logits(model.module) - logits(plain.module)).abs().max())
    assert 0 < difference < float(logits(plain.module).abs().max())
    tuned = add_lora(model.module, LORA, seed=0)
    trained = [name for name, each in tuned.named_parameters() if each.requires_grad]
    assert trained and all("lora_" in name for name in trained)
    tuned(input_ids=torch.arange(40, 60)[None], labels=torch.arange(40, 60)[None]).loss.backward()
    assert all(each.grad is not None for each in tuned.parameters() if each.requires_grad)


@needs_bitsandbytes
def test_an_adapter_is_saved_alone_and_gets_its_base_again(folder: Path, tmp_path: Path) -> None:
    model = load(folder, base_bits=4)
    model = replace(model, module=add_lora(model.module, LORA, seed=0).eval())
    for name, each in model.module.named_parameters():
        if "lora_B" in name:
            each.data.normal_()
    out = save_model(model, tmp_path / "tuned")
    assert not (out / "model.safetensors").exists()
    again = load(out)
    assert again.base_bits == 4 and is_quantised(again.module)
    torch.testing.assert_close(logits(again.module), logits(model.module))
    with pytest.raises(ModelMistake, match="not tuned on a base of 8 bits"):
        load(out, base_bits=8)
    with pytest.raises(ModelMistake, match="cannot become part of a quantised base"):
        merged(again.module)


def test_an_adapter_on_a_plain_base_is_not_quantised(folder: Path, tmp_path: Path) -> None:
    model = load(folder)
    out = save_model(replace(model, module=add_lora(model.module, LORA, seed=0)), tmp_path / "tuned")
    with pytest.raises(ModelMistake, match="not tuned on a base of 4 bits"):
        load(out, base_bits=4)


def test_a_quantised_base_is_another_run() -> None:
    """It changes the result, so it is in the fingerprint."""
    given = [Recipe(name="run", seen=("a/*",), train=TrainSettings(base_bits=bits)) for bits in (None, 8, 4)]
    assert len({fingerprint(recipe, (), {}, "model") for recipe in given}) == 3
