"""Two ranks are one: the same losses and weights, whichever of them runs which micro-batch and holds which weights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_tuning import RANKED_RUNS, parameters_of

from unseen.train.checkpoint import steps_in
from unseen.train.steplog import read_steps

HERE = Path(__file__).parent
NAMES = [f"{sharding}/{name}" for name in RANKED_RUNS for sharding in ("none", "fsdp")]
NAMES.remove("fsdp/adafactor")
RESUMED = ["none/full", "none/lora", "fsdp/full", "fsdp/lora", "fsdp/tied", "none/t5", "fsdp/bart, lora"]
EQUAL = ("tokens", "tokens_read", "nodes", "positions", "supervised_tokens", "learning_rate")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the ranks are forks of one process")

Left = tuple[list[dict[str, Any]], dict[str, torch.Tensor]]
"""The lines of steps.jsonl, and the parameters of the tuned model."""


def run_ranks(ranks: int, folder: Path, names: Iterable[str]) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE)}
    command = [sys.executable, str(HERE / "ranked_tuning.py"), str(folder), str(ranks), *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every run in two ranks, sharded and not."""
    folder = tmp_path_factory.mktemp("two")
    run_ranks(2, folder, NAMES)
    return folder


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a run in one process, made when it is first asked for."""
    folder = tmp_path_factory.mktemp("one")

    def run(name: str) -> Path:
        out = folder / name.partition("/")[2]
        if not out.exists():
            save_file(parameters_of(RANKED_RUNS[out.name](out)), out / "whole.safetensors")
        return out

    return run


def left_by(folder: Path) -> Left:
    return read_steps(folder / "steps.jsonl"), load_file(folder / "whole.safetensors")


def rewound(folder: Path, copy: Path) -> Path:
    """A copy of a run's folder as it was after its step 3."""
    shutil.copytree(folder, copy)
    shutil.rmtree(copy / "checkpoints" / "step-000006")
    return copy


def assert_alike(ours: Left, theirs: Left) -> None:
    for key in ("loss", "validation_loss", "grad_norm"):
        values = [[line[key] or 0 for line in lines] for lines in (ours[0], theirs[0])]
        assert values[0] == pytest.approx(values[1], rel=1e-6 if key == "loss" else 1e-5), key
    for key in EQUAL:
        assert [line[key] for line in ours[0]] == [line[key] for line in theirs[0]], key
    assert ours[1].keys() == theirs[1].keys()
    for name, each in theirs[1].items():
        torch.testing.assert_close(ours[1][name], each, rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.parametrize("name", NAMES)
def test_two_ranks_are_one(two: Path, one: Callable[[str], Path], name: str) -> None:
    assert_alike(left_by(two / name), left_by(one(name)))


@pytest.mark.parametrize("name", NAMES)
def test_steps_of_two_ranks_are_done_again_by_one(two: Path, name: str) -> None:
    """From the state that two ranks left before them, sharded or not."""
    again = RANKED_RUNS[name.partition("/")[2]].replayed(two / name)
    assert [done.step for done in again] == [1, 5]
    for done in again:
        assert done.again["loss"] == pytest.approx(done.kept["loss"], rel=1e-6)
        assert done.again["grad_norm"] == pytest.approx(done.kept["grad_norm"], rel=1e-5)
        assert done.facts["examples"] == done.state["examples"] and done.differing == ()
        for tensor, values in done.kept["tensors"].items():
            assert done.again["tensors"][tensor]["values"] == pytest.approx(values["values"], rel=1e-5, abs=1e-5)


def test_resumed_by_as_many_ranks_is_uninterrupted_digit_for_digit(two: Path, tmp_path: Path) -> None:
    for name in RESUMED:
        rewound(two / name, tmp_path / name)
    run_ranks(2, tmp_path, RESUMED)
    for name in RESUMED:
        lines, weights = left_by(tmp_path / name)
        before, whole = left_by(two / name)
        assert [{**line, "seconds": 0} for line in lines] == [{**line, "seconds": 0} for line in before]
        assert all(torch.equal(weights[key], each) for key, each in whole.items()), name


@pytest.mark.parametrize("name", RESUMED)
def test_two_ranks_may_be_resumed_by_one(two: Path, one: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    out = rewound(two / name, tmp_path / name)
    tuned = RANKED_RUNS[name.partition("/")[2]](out)
    assert_alike((list(tuned.steps), parameters_of(tuned)), left_by(one(name)))


def test_one_rank_may_be_resumed_by_three(one: Callable[[str], Path], tmp_path: Path) -> None:
    for name in RESUMED:
        rewound(one(name), tmp_path / name)
    run_ranks(3, tmp_path, RESUMED)
    for name in RESUMED:
        assert_alike(left_by(tmp_path / name), left_by(one(name)))


def test_a_sharded_checkpoint_holds_a_part_of_each_rank_and_no_pickle(two: Path) -> None:
    for name in RESUMED:
        last = steps_in(two / name / "checkpoints")[-1]
        parts = [load_file(path) for path in sorted(last.glob("shard-*"))]
        assert {path.suffix for path in last.iterdir()} == {".safetensors", ".json"}
        assert len(parts) == (2 if name.startswith("fsdp") else 0)
        for key, whole in left_by(two / name)[1].items():
            held = [part[key].shape[0] for part in parts if key in part]
            assert not held or (sum(held) == whole.shape[0] and max(held) < whole.shape[0]), key
