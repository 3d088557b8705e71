"""A run that was killed at any moment and resumed is the run that was not: digit for digit, on one CPU process."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_tuning import KILLED_RUNS, SETTINGS, changed, llama, run_tiny

from unseen.errors import RecipeMistake
from unseen.train.checkpoint import is_whole, steps_in
from unseen.train.kept import kept_in, read_kept
from unseen.train.loop import Tuned
from unseen.train.steplog import read_steps

HERE = Path(__file__).parent


def without_seconds(lines: Any) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def kept_of(out: Path) -> list[Any]:
    """What the run keeps of its drawn steps: states, examples, micro-batches, and what came of them."""
    return [read_kept(folder) for folder in kept_in(out / "replay")]


def weights_of(tuned: Tuned) -> dict[str, torch.Tensor]:
    return dict(tuned.model.module.named_parameters())


def assert_same(ours: Tuned, theirs: Tuned) -> None:
    assert without_seconds(ours.steps) == without_seconds(theirs.steps)
    assert ours.position == theirs.position
    for name, each in weights_of(theirs).items():
        assert torch.equal(weights_of(ours)[name], each), name


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for processes as only Linux does")
def test_killed_at_random_moments_and_resumed_is_uninterrupted(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    threads = torch.get_num_threads()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE)}
    command = [sys.executable, str(HERE / "killed_tuning.py"), str(tmp_path / "killed"), str(seed)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"seed {seed}: {done.stderr[-2000:]}"
    kills = json.loads(done.stdout)
    assert sum(kills.values()) > 0, f"seed {seed}: nothing was killed"
    torch.set_num_threads(1)
    try:
        for name, run in KILLED_RUNS.items():
            assert_same(run(tmp_path / "killed" / name, resume=True), run(tmp_path / "whole" / name))
            assert kept_of(tmp_path / "killed" / name) == kept_of(tmp_path / "whole" / name)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.safetensors", "state.json"])
def test_a_checkpoint_that_is_not_whole_is_passed_over(tmp_path: Path, name: str) -> None:
    whole = run_tiny(llama(), tmp_path)
    last = steps_in(tmp_path / "checkpoints")[-1]
    damaged = last / name
    damaged.write_bytes(damaged.read_bytes()[:-9])
    assert not is_whole(last)
    assert_same(run_tiny(llama(), tmp_path, resume=True), whole)


def test_a_folder_that_was_never_given_its_name_is_no_checkpoint_and_goes_away(tmp_path: Path) -> None:
    left = tmp_path / "checkpoints" / ".part-step-000099"
    left.mkdir(parents=True)
    (left / "weights.safetensors").write_bytes(b"half")
    tuned = run_tiny(llama(), tmp_path, resume=True)
    assert tuned.position.step == 6
    assert not left.exists()


def test_the_log_is_cut_back_to_the_checkpoint(tmp_path: Path) -> None:
    settings = changed(steps=8, checkpoint_every=3)
    whole = run_tiny(llama(), tmp_path / "whole", settings)
    run_tiny(llama(), tmp_path / "cut", settings)
    newest = steps_in(tmp_path / "cut" / "checkpoints")[-1]
    (newest / "state.json").unlink()
    with (tmp_path / "cut" / "steps.jsonl").open("a") as file:
        file.write('{"step": 9, "loss"')
    again = run_tiny(llama(), tmp_path / "cut", settings, resume=True)
    assert_same(again, whole)
    assert [line["step"] for line in read_steps(tmp_path / "cut" / "steps.jsonl")] == list(range(1, 9))


def test_another_recipe_does_not_resume_this_run(tmp_path: Path) -> None:
    run_tiny(llama(), tmp_path)
    with pytest.raises(RecipeMistake, match=r"was made with another train\.learning_rate; resume with the same"):
        run_tiny(llama(), tmp_path, changed(learning_rate=0.5), resume=True)
    with pytest.raises(RecipeMistake, match="was made with another seed"):
        run_tiny(llama(), tmp_path, resume=True, seed=3)


def test_a_new_batch_budget_may_resume_a_run(tmp_path: Path) -> None:
    run_tiny(llama(), tmp_path)
    assert run_tiny(llama(), tmp_path, changed(batch_tokens=200), resume=True).position.step == 6


def test_the_last_two_checkpoints_are_kept(tmp_path: Path) -> None:
    run_tiny(llama(), tmp_path, changed(checkpoint_every=1))
    assert [path.name for path in steps_in(tmp_path / "checkpoints")] == ["step-000005", "step-000006"]


def test_checkpoints_hold_only_what_was_tuned_and_no_pickle(tmp_path: Path) -> None:
    KILLED_RUNS["lora"](tmp_path)
    last = steps_in(tmp_path / "checkpoints")[-1]
    assert sorted(path.name for path in last.iterdir()) == [
        "optimizer.safetensors",
        "state.json",
        "weights.safetensors",
    ]
    assert (last / "weights.safetensors").stat().st_size < 60_000


def test_only_the_best_weights_that_a_checkpoint_names_stay(tmp_path: Path) -> None:
    tuned = KILLED_RUNS["full"](tmp_path)
    bests = {path.name for path in (tmp_path / "checkpoints").glob("best-*")}
    assert f"best-{tuned.position.best_step:06d}" in bests
    assert len(bests) <= 2
    assert SETTINGS.keep == "last"
