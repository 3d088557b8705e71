"""The collator and the loss in TRL's own trainer, in the environment that the benchmarks make for it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from unseen.data.places import cache

HERE = Path(__file__).parent
PEER = cache() / "bench" / "trl==1.16.0"


@pytest.fixture(scope="module")
def logs() -> dict[str, list[dict[str, Any]]]:
    """What SFTTrainer logged in four steps of two micro-batches: alone, with the collator, and with both."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1] / "src"), "HF_HUB_OFFLINE": "1"}
    command = [_python_with_trl(), "-W", "ignore", str(HERE / "trl_training.py")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _python_with_trl() -> str:
    if importlib.util.find_spec("trl"):
        return sys.executable
    if not (PEER / "ready").is_file():
        pytest.skip("TRL is not installed: bench/tune_vs_trl.py makes an environment with it")
    return str(PEER / "bin" / "python")


@pytest.mark.slow
def test_sft_trainer_with_the_collator_trains_as_without_it(logs: dict[str, list[dict[str, Any]]]) -> None:
    assert len(logs["trl"]) == 4
    for ours, theirs in zip(logs["collator"], logs["trl"], strict=True):
        for name in ("loss", "grad_norm", "entropy", "mean_token_accuracy"):
            assert ours[name] == pytest.approx(theirs[name], rel=1e-5), name


@pytest.mark.slow
def test_sft_trainer_with_the_collator_and_the_loss_trains_as_without_them(
    logs: dict[str, list[dict[str, Any]]],
) -> None:
    for ours, theirs in zip(logs["collator and loss"], logs["trl"], strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
        assert ours["grad_norm"] == pytest.approx(theirs["grad_norm"], rel=1e-5)
