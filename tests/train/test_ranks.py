"""Two ranks are one: the same losses and weights, whichever of them runs which micro-batch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_tuning import RANKED_RUNS

from unseen.train.steplog import read_steps

HERE = Path(__file__).parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the two processes are forks of one")
def test_two_ranks_are_one(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE)}
    command = [sys.executable, str(HERE / "ranked_tuning.py"), str(tmp_path / "two")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for name, run in RANKED_RUNS.items():
        alone = run(tmp_path / "one" / name)
        lines = read_steps(tmp_path / "two" / name / "steps.jsonl")
        assert [line["loss"] for line in lines] == pytest.approx([line["loss"] for line in alone.steps], rel=1e-6)
        for key in ("validation_loss", "positions", "supervised_tokens", "grad_norm"):
            ours, theirs = ([line[key] or 0 for line in each] for each in (lines, alone.steps))
            assert ours == pytest.approx(theirs, rel=1e-5), key
        assert_same_weights(tmp_path / "two" / name, tmp_path / "one" / name)


def assert_same_weights(ours: Path, theirs: Path) -> None:
    for name, each in weights_in(theirs).items():
        torch.testing.assert_close(weights_in(ours)[name], each, rtol=1e-5, atol=1e-5)


def weights_in(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "checkpoints" / "step-000006" / "weights.safetensors")
