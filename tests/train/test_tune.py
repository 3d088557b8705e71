"""`tune`: the loss falls, the run folder is whole, and a run is refused where it should be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tiny_tuning import SETTINGS, TinyModel, changed, gpt2, llama, losses, own_loss, plan_of, random_examples, run_tiny
from transformers import BloomConfig, BloomForCausalLM

from unseen.errors import DataMistake, NonFiniteLoss, RecipeMistake
from unseen.phases import shown_by
from unseen.progress import TOLD_IN
from unseen.train.plan import supervised_weight
from unseen.trie import cpu_attention

GOLDEN_FULL = (4.925232244997608, 4.849696772439139)
GOLDEN_LORA = (4.925232244997608, 4.854887621743338)


MAKERS = {
    "full": (llama, "full", 0.75),
    "full, tied": (lambda: llama(tied=True), "full", 0.75),
    "gpt2": (gpt2, "full", 0.75),
    "LoRA": (llama, "lora", 0.95),
    "LoRA on gpt2": (gpt2, "lora", 0.95),
}


@pytest.mark.parametrize(("make", "method", "share"), MAKERS.values(), ids=MAKERS)
def test_the_loss_falls(tmp_path: Path, make: Any, method: str, share: float) -> None:
    settings = changed(steps=36, learning_rate=3e-2, method=method, rank=4)
    fallen = losses(run_tiny(make(), tmp_path, settings, examples=random_examples(4)))
    assert fallen[-1] < share * fallen[0]


def test_a_model_that_reads_no_tries_is_tuned_row_by_row_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    config = BloomConfig(vocab_size=128, hidden_size=32, n_layer=2, n_head=4, pad_token_id=2, eos_token_id=2)
    tuned = run_tiny(TinyModel(BloomForCausalLM(config).eval()), tmp_path, changed(steps=1))
    assert tuned.batches.startswith("plain: ")
    reason = tuned.batches.removeprefix("plain: ")
    assert capsys.readouterr().err.count(f"tiny runs row by row, nothing is shared: {reason}\n") == 1


@pytest.mark.parametrize(("precision", "kept"), [("float32", "unseen_trie"), ("bfloat16", "sdpa: unseen_trie failed")])
def test_the_attention_is_tried_in_the_precision_of_the_run(
    tmp_path: Path, precision: Any, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = cpu_attention._TrieAttention.apply

    def in_float32(query: torch.Tensor, *more: Any) -> Any:
        if query.dtype != torch.float32:
            raise ValueError("no bfloat16")
        return apply(query, *more)

    monkeypatch.setattr(cpu_attention, "_TrieAttention", SimpleNamespace(apply=in_float32))
    tuned = run_tiny(llama(), tmp_path, changed(steps=1, precision=precision))
    assert tuned.batches == "trie" and tuned.attention.startswith(kept)


def test_steps_are_written_one_a_line_with_what_was_computed(tmp_path: Path) -> None:
    run_tiny(llama(), tmp_path, changed(epochs=1))
    lines = [json.loads(line) for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert lines[-1]["epoch"] == 1.0
    assert all(0 < line["supervised_tokens"] < line["tokens"] for line in lines)
    assert all(line["nodes"] <= min(line["tokens_read"], line["positions"]) for line in lines)
    assert all(line["tokens_read"] == line["tokens"] - 4 for line in lines)  # no state of a last token is ever used
    assert sum(line["tokens"] for line in lines) == sum(len(each.ids) for each in random_examples(24))


def test_a_validation_and_a_checkpoint_are_told_apart_from_the_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step is not followed by a bar that stands still."""
    told: list[str] = []
    monkeypatch.setenv(TOLD_IN, str(tmp_path / "told"))
    monkeypatch.setattr("unseen.progress.written_to", lambda file: shown_by(lambda now: told.append(now.words)))
    settings = changed(steps=3, validate_every=2, checkpoint_every=2)
    run_tiny(llama(), tmp_path / "run", settings, validation=random_examples(2, seed=1))
    between = ["validating", "writing a checkpoint"]
    assert told == ["tuning", "tuning 1 of 3", *between, "tuning 2 of 3", *between, "tuning 3 of 3"]


def test_resuming_a_finished_run_does_nothing_more(tmp_path: Path) -> None:
    first = run_tiny(llama(), tmp_path, SETTINGS)
    again = run_tiny(llama(), tmp_path, SETTINGS, resume=True)
    assert again.steps == first.steps


def test_a_folder_that_holds_a_run_is_refused(tmp_path: Path) -> None:
    run_tiny(llama(), tmp_path, SETTINGS)
    with pytest.raises(RecipeMistake, match="already holds a run"):
        run_tiny(llama(), tmp_path, SETTINGS)


def test_the_best_step_on_seen_rows_is_kept(tmp_path: Path) -> None:
    settings = changed(steps=24, learning_rate=3e-2, validate_every=4, keep="best_seen", schedule="constant")
    held_out = random_examples(6, seed=99)
    tuned = run_tiny(llama(), tmp_path, settings, examples=random_examples(4), validation=held_out)
    seen = {line["step"]: line["validation_loss"] for line in tuned.steps if line["validation_loss"] is not None}
    assert sorted(seen) == [4, 8, 12, 16, 20, 24]
    best = min(seen, key=lambda step: seen[step])
    assert (tuned.kept_step, tuned.position.best_loss) == (best, seen[best])
    assert best < 24  # random rows teach nothing about other random rows
    weight = sum(map(supervised_weight, held_out))
    again = sum(own_loss(tuned.model, each) * supervised_weight(each) for each in held_out) / weight
    assert again == pytest.approx(seen[best], rel=1e-5)


def test_the_best_step_needs_validation_rows(tmp_path: Path) -> None:
    with pytest.raises(RecipeMistake, match="best_seen needs validation rows"):
        run_tiny(llama(), tmp_path, changed(keep="best_seen"))


def test_only_adapters_change_under_lora(tmp_path: Path) -> None:
    tuned = run_tiny(llama(), tmp_path, changed(method="lora", rank=4))
    before = dict(llama().module.named_parameters())
    after = dict(tuned.model.module.get_base_model().named_parameters())
    kept = {name.replace(".base_layer", ""): each for name, each in after.items() if "lora_" not in name}
    assert set(kept) == set(before)
    assert all(torch.equal(each, before[name]) for name, each in kept.items())
    assert all(float(each.detach().abs().max()) > 0 for name, each in after.items() if "lora_B" in name)
    assert tuned.trained_parameters == sum(each.numel() for name, each in after.items() if "lora_" in name)


def test_the_callers_random_numbers_are_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    model = llama()
    torch.manual_seed(5)
    run_tiny(model, tmp_path)
    assert torch.equal(torch.rand(1), expected)
    assert not model.module.training


def test_a_loss_that_is_no_number_names_step_example_and_checkpoint(tmp_path: Path) -> None:
    examples = random_examples(24)
    poisoned = int(plan_of(examples, SETTINGS).step(4)[2])
    examples[poisoned].ids[1] = 1
    model = llama()
    model.module.model.embed_tokens.register_forward_hook(_poison)
    with pytest.raises(NonFiniteLoss) as raised:
        run_tiny(model, tmp_path, examples=examples)
    assert str(raised.value) == (
        f"step 5: the loss is not a number; examples: row/{poisoned}; "
        f"last good checkpoint: {tmp_path / 'checkpoints' / 'step-000003'}"
    )
    assert len((tmp_path / "steps.jsonl").read_text().splitlines()) == 4


def _poison(module: Any, inputs: Any, output: torch.Tensor) -> torch.Tensor:
    """Token 1, which no other example has, is not a number."""
    return torch.where((inputs[0] == 1)[..., None], float("nan"), output)


def test_a_gradient_that_is_no_number_changes_no_weight(tmp_path: Path) -> None:
    model = llama()
    model.module.lm_head.weight.register_hook(lambda gradient: gradient * float("inf"))
    before = model.module.lm_head.weight.detach().clone()
    with pytest.raises(NonFiniteLoss, match=r"step 1: the gradient is not a number; .* no checkpoint was written yet"):
        run_tiny(model, tmp_path)
    assert torch.equal(model.module.lm_head.weight, before)


def test_golden_losses_of_two_steps(tmp_path: Path) -> None:
    """Weights are drawn by numpy, whose generator is the same everywhere; another loss is another algorithm."""
    for method, expected in (("full", GOLDEN_FULL), ("lora", GOLDEN_LORA)):
        model = llama()
        draw = np.random.default_rng(0)
        for parameter in model.module.parameters():
            parameter.data = torch.from_numpy(draw.normal(0, 0.2, tuple(parameter.shape)).astype(np.float32))
        settings = changed(
            method=method, rank=4, steps=2, learning_rate=1e-2, schedule="cosine", weight_decay=0.1, clip=0.5
        )
        assert losses(run_tiny(model, tmp_path / method, settings)) == pytest.approx(expected, rel=1e-5)


def test_a_validation_row_without_a_supervised_token_is_named(tmp_path: Path) -> None:
    nothing = replace(random_examples(1)[0], id="held/3", weights=np.zeros(len(random_examples(1)[0].ids), np.float32))
    with pytest.raises(DataMistake, match="held/3: has no supervised token"):
        run_tiny(llama(), tmp_path, validation=[nothing])
