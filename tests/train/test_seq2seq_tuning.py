"""Laws of tuning encoder-decoders: sources once or with every pair, in any order and budget, the run is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_tuning import (
    SETTINGS,
    TinyModel,
    bart,
    changed,
    losses,
    pair_examples,
    parameters_of,
    plan_of,
    random_examples,
    run_tiny,
    t5,
)

from unseen.encode.encoded import Encoded
from unseen.errors import ModelMistake
from unseen.train.dealing import dealing_of
from unseen.train.estimate import estimate, probe
from unseen.train.loop import Tuned, tune
from unseen.train.mode import tuning_mode

MAKES: dict[str, Callable[[], TinyModel]] = {"t5": t5, "flan": lambda: t5(own_head=True), "bart": bart}
families = pytest.mark.parametrize("name", MAKES)
CPU = torch.device("cpu")


def run(name: str, out: Path, settings: Any = SETTINGS, **more: Any) -> Tuned:
    return run_tiny(MAKES[name](), out, settings, examples=more.pop("examples", pair_examples(24)), **more)


def assert_alike(ours: Tuned, theirs: Tuned) -> None:
    assert losses(ours) == pytest.approx(losses(theirs), rel=1e-5)
    for line, other in zip(ours.steps, theirs.steps, strict=True):
        assert line["grad_norm"] == pytest.approx(other["grad_norm"], rel=1e-4)
    for key, each in parameters_of(theirs).items():
        if not key.endswith("k_proj.bias"):  # softmax does not see it: its gradient is rounding, which Adam enlarges
            torch.testing.assert_close(parameters_of(ours)[key], each, rtol=1e-4, atol=1e-5, msg=key)


def own_loss(model: TinyModel, examples: list[Encoded]) -> float:
    """transformers' own: the mean over the targets' tokens, one pair at a time."""
    summed = tokens = 0.0
    for each in examples:
        source, target = (torch.tensor(ids.astype(np.int64))[None] for ids in np.split(each.ids, [each.prompt_length]))
        with torch.no_grad():
            summed += float(model.module(input_ids=source, labels=target).loss) * target.shape[1]
        tokens += target.shape[1]
    return summed / tokens


@families
def test_the_first_loss_is_transformers_own(name: str, tmp_path: Path) -> None:
    examples = pair_examples(24)
    expected = own_loss(MAKES[name](), [examples[int(i)] for i in plan_of(examples, SETTINGS).step(0)])
    assert losses(run(name, tmp_path))[0] == pytest.approx(expected, rel=1e-5)


@families
def test_a_run_with_shared_sources_is_the_plain_one(name: str, tmp_path: Path) -> None:
    settings = changed(examples_per_step=8, batch_tokens=300)
    shared = run(name, tmp_path / "shared", settings)
    plain = run(name, tmp_path / "plain", changed(settings, batches="plain"))
    assert (shared.batches, plain.batches) == ("shared sources", "plain")
    assert_alike(shared, plain)
    for ours, theirs in zip(shared.steps, plain.steps, strict=True):
        assert ours["tokens_read"] == theirs["tokens_read"] and ours["nodes"] <= theirs["nodes"]
    assert sum(line["positions"] for line in shared.steps) < sum(line["positions"] for line in plain.steps)


@families
def test_eight_micro_batches_are_one(name: str, tmp_path: Path) -> None:
    settings = changed(examples_per_step=8, batch_tokens=4000)
    few = changed(settings, batch_tokens=8)
    deals = [dealing_of(MAKES[name](), each, CPU).deal(random_examples(8)) for each in (settings, few)]  # type: ignore[arg-type]
    assert [len(batches) for batches in deals] == [1, 8]
    assert_alike(run(name, tmp_path / "few", few), run(name, tmp_path / "one", settings))


@families
def test_the_order_of_a_steps_examples_changes_nothing(name: str, tmp_path: Path) -> None:
    examples, settings = pair_examples(12), changed(examples_per_step=6)
    steps = plan_of(examples, settings)
    turned = replace(steps, draws=np.concatenate([steps.step(n)[::-1] for n in range(len(steps))]))
    ours, theirs = (
        tune(MAKES[name](), each, settings, tmp_path / str(place), examples=examples)  # type: ignore[arg-type]
        for place, each in enumerate((turned, steps))
    )
    assert_alike(ours, theirs)


@pytest.mark.parametrize("method", ["full", "lora"])
@families
def test_gradient_checkpointing_changes_nothing(name: str, method: str, tmp_path: Path) -> None:
    settings = changed(method=method, rank=4)
    on = run(name, tmp_path / "on", changed(settings, gradient_checkpointing=True))
    assert_alike(on, run(name, tmp_path / "off", settings))


@families
def test_no_attention_cache_is_asked_for_while_a_model_is_tuned(name: str) -> None:
    """BART's encoder takes it from its configuration, and transformers warns of it under checkpointing."""
    module = MAKES[name]().module
    parts = [module, module.get_encoder(), module.get_decoder()]
    before = [each.config.use_cache for each in parts]
    with tuning_mode(module, changed(gradient_checkpointing=True), CPU):
        assert not any(each.config.use_cache for each in parts)
    assert any(before) and [each.config.use_cache for each in parts] == before


@families
def test_only_adapters_change_under_lora_and_everything_under_full_tuning(name: str, tmp_path: Path) -> None:
    before = dict(MAKES[name]().module.named_parameters())
    tuned = run(name, tmp_path / "lora", changed(method="lora", rank=4))
    after = dict(tuned.model.module.get_base_model().named_parameters())
    kept = {key.replace(".base_layer", ""): each for key, each in after.items() if "lora_" not in key}
    assert all(torch.equal(kept[key], each) for key, each in before.items())
    adapted = [key.split(".") for key in after if "lora_B" in key]
    assert all(("encoder" in key) != ("decoder" in key) for key in adapted)
    assert len(adapted) == {"t5": 32, "flan": 36, "bart": 32}[name]  # head and embedding are not among them
    whole = dict(run(name, tmp_path / "full").model.module.named_parameters())
    assert sum(not torch.equal(whole[key], each) for key, each in before.items()) > 0.9 * len(before)


@families
def test_adafactor_tunes_too(name: str, tmp_path: Path) -> None:
    settings = changed(optimizer="adafactor", learning_rate=5e-2, steps=30, schedule="constant")
    tuned = run(name, tmp_path, settings, examples=pair_examples(4))
    assert losses(tuned)[-1] < 0.8 * losses(tuned)[0]


@families
def test_a_plan_knows_what_a_step_costs(name: str) -> None:
    examples, settings = pair_examples(24), changed(batch_tokens=300)
    model = MAKES[name]()
    dealing = dealing_of(model, settings, CPU)  # type: ignore[arg-type]
    measured = probe(model, examples, dealing, settings)  # type: ignore[arg-type]
    steps = plan_of(examples, settings)
    cost = estimate(measured, steps, examples, dealing.deal, settings, held_out=0)
    drawn = [batch for n in range(len(steps)) for batch in dealing.deal([examples[int(i)] for i in steps.step(n)])]
    assert (cost.read, cost.nodes, cost.positions) == tuple(
        sum(getattr(batch, key) for batch in drawn) for key in ("read", "nodes", "computed")
    )
    assert cost.seconds > 0 and cost.memory_bytes > measured.parameter_bytes


def test_a_decoder_without_a_start_is_refused_before_anything_is_tuned(tmp_path: Path) -> None:
    model = t5()
    model.module.config.decoder_start_token_id = None
    with pytest.raises(ModelMistake, match="does not say what its decoder begins with"):
        run_tiny(model, tmp_path, examples=pair_examples(6))
    assert not list(tmp_path.iterdir())
