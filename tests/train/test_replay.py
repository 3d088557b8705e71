"""A kept step is done again from its kept state: bit by bit on the machine that did it first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tiny_tuning import RANKED_RUNS, changed, gpt2, llama, parameters_of, plan_of, random_examples, run_tiny

from unseen.train.checkpoint import steps_in
from unseen.train.kept import drawn_steps, kept_in, read_kept
from unseen.train.replay import replay


@given(fingerprint=st.text("0123456789abcdef", min_size=64, max_size=64), steps=st.integers(1, 10_000))
def test_two_different_steps_are_drawn_and_the_one_where_there_is_one(fingerprint: str, steps: int) -> None:
    drawn = drawn_steps(fingerprint, steps)
    assert len(drawn) == min(2, steps) and all(0 <= number < steps for number in drawn)
    assert drawn == drawn_steps(fingerprint, steps)


def test_another_fingerprint_draws_other_steps() -> None:
    assert len({drawn_steps(f"{number:064x}"[::-1], 1000) for number in range(20)}) > 15


@pytest.mark.parametrize("name", ["full", "lora", "plain", "adafactor", "gpt2", "noise"])
def test_a_kept_step_is_done_again_bit_by_bit(tmp_path: Path, name: str) -> None:
    RANKED_RUNS[name](tmp_path)
    again = RANKED_RUNS[name].replayed(tmp_path)
    assert [done.step for done in again] == [1, 5]
    for done in again:
        assert done.again == done.kept and done.facts == {key: done.state[key] for key in done.facts}


def test_the_log_has_the_loss_of_a_kept_step(tmp_path: Path) -> None:
    tuned = RANKED_RUNS["full"](tmp_path)
    for folder in kept_in(tmp_path / "replay"):
        _, after = read_kept(folder)
        line = tuned.steps[after["step"] - 1]
        assert (after["loss"], after["grad_norm"]) == (line["loss"], line["grad_norm"])


def test_keeping_steps_changes_nothing_of_a_run(tmp_path: Path) -> None:
    settings = changed(method="lora", rank=4, dropout=0.3)
    with_steps = run_tiny(llama(), tmp_path / "kept", settings, replayed=frozenset({1, 2}))
    without = run_tiny(llama(), tmp_path / "none", settings)
    assert [line["loss"] for line in with_steps.steps] == [line["loss"] for line in without.steps]
    for name, each in parameters_of(without).items():
        assert torch.equal(parameters_of(with_steps)[name], each), name
    assert not (tmp_path / "none" / "replay").exists()
    assert [path.name for path in steps_in(tmp_path / "kept" / "checkpoints")] == ["step-000003", "step-000006"]


def test_a_resumed_run_keeps_what_an_uninterrupted_one_does(tmp_path: Path) -> None:
    """Stopped after step 3, of which the run kept steps 2 and 5: what it had of step 5 is written anew."""
    kept = frozenset({1, 4})
    for name in ("whole", "cut"):
        run_tiny(gpt2(), tmp_path / name, replayed=kept)
    (steps_in(tmp_path / "cut" / "checkpoints")[-1] / "state.json").unlink()
    (tmp_path / "cut" / "replay" / "step-000005" / "after.json").write_text("{")
    run_tiny(gpt2(), tmp_path / "cut", resume=True, replayed=kept)
    ours, theirs = ([read_kept(path) for path in kept_in(tmp_path / name / "replay")] for name in ("cut", "whole"))
    assert ours == theirs and len(ours) == 2


def test_a_run_resumed_with_another_budget_is_replayed_as_it_was_cut(tmp_path: Path) -> None:
    """LoRA's dropout is drawn for each micro-batch, so the step kept before must be cut as it was then."""
    settings = changed(method="lora", rank=4, dropout=0.3)
    run_tiny(llama(), tmp_path, settings, replayed=frozenset({0, 4}))
    (steps_in(tmp_path / "checkpoints")[-1] / "state.json").unlink()
    run_tiny(llama(), tmp_path, changed(settings, batch_tokens=200), resume=True, replayed=frozenset({0, 4}))
    budgets = [read_kept(folder)[0]["batch_tokens"] for folder in kept_in(tmp_path / "replay")]
    assert budgets == [64, 200]
    for done in again(tmp_path, settings):
        assert done.again == done.kept


def again(out: Path, settings: Any) -> list[Any]:
    examples = random_examples(24)
    kept = kept_in(out / "replay")
    return list(replay(llama, plan_of(examples, settings), settings, kept, examples=examples, seed=0))


def test_another_state_or_another_example_gives_another_step(tmp_path: Path) -> None:
    settings = changed()
    run_tiny(llama(), tmp_path, settings, replayed=frozenset({2}))
    (folder,) = kept_in(tmp_path / "replay")
    state, after = read_kept(folder)
    weights = load_file(folder / "weights.safetensors")
    name = next(iter(weights))
    save_file({**weights, name: weights[name] * 1.01}, folder / "weights.safetensors")
    (done,) = again(tmp_path, settings)
    assert done.again["digest"] != after["digest"] and done.again["loss"] != after["loss"]
    state["examples"][0]["digest"] = "another"
    (folder / "state.json").write_text(json.dumps(state))
    (done,) = again(tmp_path, settings)
    assert done.facts["examples"] != done.state["examples"]
