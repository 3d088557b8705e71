"""Laws of the step: one loss, however it is cut, padded, chunked or recomputed. Float32 on one CPU process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_tuning import (
    VOCABULARY,
    TinyModel,
    alike_examples,
    changed,
    gpt2,
    llama,
    losses,
    own_loss,
    random_examples,
    run_tiny,
    with_lora,
)
from transformers import (
    CohereConfig,
    CohereForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GraniteConfig,
    GraniteForCausalLM,
    LlamaForCausalLM,
)

from unseen.encode.encoded import Encoded
from unseen.model import readout as readout_module
from unseen.model.readout import Readout, probe_examples, readout_of
from unseen.train.batch import plain_batch, plain_batches
from unseen.train.plan import supervised_weight
from unseen.train.step import TrainStep
from unseen.train.trie_batch import trie_batches
from unseen.trie.check import Plain, trie_attention

MAKERS = {
    "llama": llama,
    "llama, tied": lambda: llama(tied=True),
    "gpt2": gpt2,
    "llama, LoRA": lambda: with_lora(llama()),
}
LLAMA = llama()


def step_of(model: TinyModel) -> TrainStep:
    return TrainStep(model.module, readout_of(model.module, plain_batch(probe_examples(model.module))))


def small(config: type, model: type, **values: Any) -> TinyModel:
    torch.manual_seed(0)
    shape = {"vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}
    special = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    return TinyModel(model(config(**shape, **heads, **special, **values)).eval())


def loss_and_gradients(model: TinyModel, batches: list[Any]) -> tuple[float, dict[str, torch.Tensor]]:
    step = step_of(model)
    model.module.zero_grad()
    total = 0.0
    for batch in batches:
        loss = step(batch)
        loss.backward()
        total += float(loss.detach())
    return total, {name: each.grad.clone() for name, each in step.trained().items()}


def assert_equal(ours: tuple[float, Any], theirs: tuple[float, Any], relative: float = 1e-6) -> None:
    assert ours[0] == pytest.approx(theirs[0], rel=relative)
    for name, gradient in theirs[1].items():
        assert float((ours[1][name] - gradient).norm()) <= 10 * relative * float(gradient.norm()) + 1e-9, name


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_loss_of_one_example_is_transformers_own(make: Any) -> None:
    model = make()
    for example in random_examples(4):
        ours = float(step_of(model)(plain_batch([example])).detach()) / supervised_weight(example)
        assert ours == pytest.approx(own_loss(model, example), rel=1e-6)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_eight_micro_batches_are_one_batch(make: Any) -> None:
    model, examples = make(), random_examples(8)
    assert_equal(
        loss_and_gradients(model, [plain_batch([each]) for each in examples]),
        loss_and_gradients(model, [plain_batch(examples)]),
    )


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_eight_micro_batches_of_tries_are_one_in_any_order(make: Any) -> None:
    model, examples = make(), alike_examples(8)
    attention = trie_attention(model.module)
    assert not isinstance(attention, Plain)
    apart = [batch for each in examples for batch in trie_batches([each], attention, 10_000)]
    together = trie_batches(examples[::-1], attention, 10_000)
    assert sum(batch.nodes for batch in together) < sum(batch.nodes for batch in apart)
    assert_equal(loss_and_gradients(model, apart), loss_and_gradients(model, together))


@given(seed=st.integers(0, 2**20), budget=st.integers(8, 200), order=st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_batch_budget_and_order_change_nothing(seed: int, budget: int, order: Any) -> None:
    examples = [fractional(each, seed) for each in random_examples(6, seed)]
    whole = loss_and_gradients(LLAMA, [plain_batch(examples)])
    order.shuffle(examples)
    assert_equal(loss_and_gradients(LLAMA, plain_batches(examples, budget)), whole)


def fractional(example: Encoded, seed: int) -> Encoded:
    """Prompt tokens weigh something too, and no two tokens the same."""
    weights = np.random.default_rng(seed).random(len(example.ids)).astype(np.float32)
    return replace(example, weights=weights)


def test_a_run_with_another_batch_budget_has_the_same_losses(tmp_path: Path) -> None:
    runs = [losses(run_tiny(llama(), tmp_path / str(budget), changed(batch_tokens=budget))) for budget in (8, 400)]
    assert runs[0] == pytest.approx(runs[1], rel=1e-5)


def test_what_stands_in_the_padding_is_never_read() -> None:
    batch = plain_batch(random_examples(5))
    noise = torch.where(batch.mask > 0, batch.input_ids, 77)
    step = step_of(llama())
    assert float(step(replace(batch, input_ids=noise)).detach()) == float(step(batch).detach())


def test_the_end_token_is_supervised_though_it_is_the_pad_token() -> None:
    model, examples = llama(), random_examples(3)
    assert model.module.config.pad_token_id == examples[0].ids[-1] == 2
    batch = plain_batch(examples)
    assert int((batch.targets == 2).sum()) == len(examples)
    assert len(batch.targets) == sum(example.supervised for example in examples)


def test_the_first_token_of_an_example_has_nothing_to_be_predicted_from() -> None:
    example = random_examples(1)[0]
    everything = replace(example, weights=np.ones_like(example.weights))
    assert supervised_weight(everything) == len(example.ids) - 1 == len(plain_batch([everything]).targets)


@pytest.mark.parametrize("make", [llama, lambda: with_lora(llama())], ids=["full", "LoRA"])
def test_the_size_of_a_chunk_changes_nothing(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model, batches = make(), [plain_batch(random_examples(6))]
    whole = loss_and_gradients(model, batches)
    monkeypatch.setattr(readout_module, "CHUNK_LOGITS", 7 * VOCABULARY)
    assert_equal(loss_and_gradients(model, batches), whole)


@pytest.mark.parametrize("make", [llama, lambda: llama(tied=True)], ids=["untied", "tied"])
def test_chunks_are_as_exact_under_bfloat16_as_one_batch_of_rows(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of Apple's cut-cross-entropy, of the whole step: tries, its head in 40 chunks, against rows in one."""
    model, errors = make(), {"ours": [], "plain": []}  # type: dict[str, list[torch.Tensor]]
    attention = trie_attention(model.module)
    assert not isinstance(attention, Plain)
    for seed in range(3):
        examples = alike_examples(24, seed)
        rows, tries = [plain_batch(examples)], trie_batches(examples, attention, 10_000)
        truth = flat(loss_and_gradients(model, rows))
        monkeypatch.setattr(TrainStep, "_precision", lambda self, device: torch.autocast(device, torch.bfloat16))
        errors["plain"].append(flat(loss_and_gradients(model, rows)) - truth)
        with monkeypatch.context() as small_chunks:
            small_chunks.setattr(readout_module, "CHUNK_LOGITS", 7 * VOCABULARY)
            errors["ours"].append(flat(loss_and_gradients(model, tries)) - truth)
        monkeypatch.undo()
    ours, plain = (torch.stack(each) for each in errors.values())
    head = slice(-VOCABULARY * 32, None)  # of the untied one, the last of its parameters
    for part in (slice(None), head):
        assert rms(ours[:, part]) <= 1.1 * rms(plain[:, part])


def flat(found: tuple[float, dict[str, torch.Tensor]]) -> torch.Tensor:
    return torch.cat([each.flatten() for each in found[1].values()])


def rms(errors: torch.Tensor) -> float:
    return float(errors.square().mean().sqrt())


def test_logits_of_a_chunk_are_all_that_is_ever_held(monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch = llama(), plain_batch(random_examples(6))
    monkeypatch.setattr(readout_module, "CHUNK_LOGITS", 7 * VOCABULARY)
    step, sizes = step_of(model), []
    model.module.lm_head.register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
    step(batch).backward()
    assert max(sizes) == 7
    assert sum(sizes) == 2 * len(batch.targets)  # once forward, once again for the gradient


CHANGED_LOGITS = {
    "gemma2": lambda: small(Gemma2Config, Gemma2ForCausalLM, final_logit_softcapping=0.5, attn_implementation="eager"),
    "cohere": lambda: small(CohereConfig, CohereForCausalLM, logit_scale=0.25),
    "granite": lambda: small(GraniteConfig, GraniteForCausalLM, logits_scaling=8.0),
}


@pytest.mark.parametrize("make", CHANGED_LOGITS.values(), ids=CHANGED_LOGITS)
def test_families_that_change_their_logits_keep_their_loss(make: Any) -> None:
    model, example = make(), random_examples(1)[0]
    step = step_of(model)
    assert step.readout.kind == "head"
    assert step.readout != Readout("head")
    assert float(step(plain_batch([example])).detach()) / supervised_weight(example) == pytest.approx(
        own_loss(model, example), rel=1e-5
    )


class Surprising(LlamaForCausalLM):
    """A family that nobody told us about: its logits are squared by sign."""

    def forward(self, *args: Any, labels: Any = None, **values: Any) -> Any:
        output = super().forward(*args, **values)
        output.logits = output.logits * output.logits.abs()
        return output


def test_an_unknown_family_runs_on_its_own_logits() -> None:
    torch.manual_seed(0)
    model = TinyModel(Surprising(llama().module.config).eval())
    examples = random_examples(3)
    step = step_of(model)
    assert step.readout.kind == "own"
    batch = plain_batch(examples)
    logits = model.module(input_ids=batch.input_ids, attention_mask=batch.mask).logits
    log_probabilities = logits.log_softmax(-1)[batch.rows, batch.columns, batch.targets]
    assert float(step(batch).detach()) == pytest.approx(-float(log_probabilities.detach().sum()), rel=1e-5)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_gradient_checkpointing_changes_nothing(tmp_path: Path, method: str) -> None:
    plain = run_tiny(llama(), tmp_path / "off", changed(method=method))
    again = run_tiny(llama(), tmp_path / "on", changed(method=method, gradient_checkpointing=True))
    assert losses(again) == pytest.approx(losses(plain), rel=1e-6)


def test_dropout_of_the_configuration_is_off_and_comes_back(tmp_path: Path) -> None:
    model = llama(attention_dropout=0.5)
    dropped = run_tiny(model, tmp_path / "dropout")
    assert losses(dropped) == losses(run_tiny(llama(), tmp_path / "none"))
    assert model.module.config.attention_dropout == 0.5
    assert model.module.model.layers[0].self_attn.attention_dropout == 0.5
    whole = run_tiny(gpt2(), tmp_path / "gpt2").model
    assert whole.module.transformer.drop.p == 0.1


def test_dropout_of_lora_is_on_when_asked(tmp_path: Path) -> None:
    runs = [
        losses(run_tiny(llama(), tmp_path / f"{rate}", changed(method="lora", learning_rate=1e-2, dropout=rate)))
        for rate in (0.0, 0.5)
    ]
    assert runs[0][1:] != pytest.approx(runs[1][1:], rel=1e-6)


def test_plain_batches_keep_the_budget_and_every_example() -> None:
    examples = random_examples(40)
    batches = plain_batches(examples, batch_tokens=96)
    assert sorted(name for batch in batches for name in batch.ids) == sorted(each.id for each in examples)
    assert all(batch.computed <= 96 for batch in batches)
