"""What `--plan` says that a run will take."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from tiny_tuning import changed, llama, plan_of, random_examples

from unseen.recipe import TrainSettings
from unseen.train.batch import Deal, plain_batches
from unseen.train.dealing import Dealing
from unseen.train.estimate import Probe, estimate, probe

EXAMPLES = random_examples(24)
LENGTHS = [len(example.ids) for example in EXAMPLES]


def deal(settings: TrainSettings) -> Deal:
    return partial(plain_batches, batch_tokens=settings.batch_tokens)


def probed(settings: TrainSettings) -> Probe:
    return probe(llama(), EXAMPLES, Dealing(deal(settings), "plain"), settings)


def test_a_probe_counts_bytes_and_changes_no_weight() -> None:
    settings, model = changed(batch_tokens=400), llama()
    found = probe(model, EXAMPLES, Dealing(deal(settings), "plain"), settings)
    size = sum(each.numel() for each in llama().module.parameters())
    assert found.parameter_bytes == found.gradient_bytes == 4 * size
    assert found.update_bytes == pytest.approx(8 * size, rel=0.01)  # AdamW keeps two numbers a weight
    assert found.seconds_per_position > 0
    assert found.seconds_per_update > 0
    # A layer keeps at least its input and what its two blocks of 32 and 64 channels multiply.
    assert found.kept_bytes_per_position > 2 * 4 * (32 + 2 * 64)
    for name, each in llama().module.named_parameters():
        assert torch.equal(model.module.get_parameter(name), each), name
        assert model.module.get_parameter(name).grad is None


def test_an_adapter_keeps_little_state_and_adafactor_less_than_adamw() -> None:
    full = probed(changed())
    lora = probed(changed(method="lora", rank=4))
    factored = probed(changed(optimizer="adafactor"))
    assert lora.gradient_bytes < 0.5 * full.gradient_bytes
    assert lora.update_bytes < 0.5 * full.update_bytes
    assert factored.update_bytes < 0.5 * full.update_bytes


def test_checkpointing_keeps_less() -> None:
    kept = [
        probed(changed(batch_tokens=400, gradient_checkpointing=on)).kept_bytes_per_position for on in (False, True)
    ]
    assert kept[1] < 0.5 * kept[0]


def test_an_estimate_is_the_probe_times_what_is_computed() -> None:
    settings = changed(steps=3, examples_per_step=2, batch_tokens=48, validate_every=2)
    plan = plan_of(EXAMPLES, settings)
    made_up = Probe(
        0.5, 2.0, kept_bytes=10, kept_bytes_per_position=3, parameter_bytes=100, gradient_bytes=20, update_bytes=7
    )
    sizes = [_padded(sorted(LENGTHS[int(index)] for index in plan.step(number))) for number in range(3)]
    found = estimate(made_up, plan, EXAMPLES, deal(settings), settings, held_out=30)
    assert found.steps == 3
    assert found.tokens == sum(LENGTHS[int(index)] for index in plan.draws)
    assert found.positions == sum(map(sum, sizes))
    assert found.read == found.nodes == found.tokens
    assert found.seconds == pytest.approx(0.5 * (found.positions + 2 * 30 / 3) + 3 * 2.0)
    assert found.memory_bytes == 100 + 20 + 7 + 10 + 3 * max(map(max, sizes))


def _padded(pair: list[int]) -> list[int]:
    """Two examples in one micro-batch of at most 48 positions, or one each."""
    return [2 * pair[1]] if 2 * pair[1] <= 48 else pair
