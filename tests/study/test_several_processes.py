"""`torchrun -m unseen`: several processes do one run, and speak with one voice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from unseen.evaluation.prediction_file import read_predictions
from unseen.recipe import Recipe
from unseen.study.record import read_record
from unseen.study.run import evaluate, tune

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="finds and kills processes as Linux does")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "unseen"]


@pytest.fixture
def small(recipe: Recipe) -> Recipe:
    asked = {"shots": (0,), "rows": 3, "max_new_tokens": 2, "templates": 1, "seen": False}
    return recipe.model_copy(update={"evaluate": recipe.evaluate.model_copy(update=asked)})


@pytest.fixture
def file(small: Recipe, tmp_path: Path, home: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(small.canonical()))
    return path


def torchrun(*arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [*TORCHRUN, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines()]


def answers_in(folder: Path) -> list[tuple[object, ...]]:
    found = read_predictions(folder / "predictions.parquet")
    return [(p.model, p.side, p.task, p.template, p.row, p.shots, p.plain, p.prompt, p.text) for p in found]


def told(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("unseen: ")]


def test_two_processes_are_one(small: Recipe, file: Path, tmp_path: Path) -> None:
    one, two = tune(small, tmp_path / "one").folder, tmp_path / "two"
    (tmp_path / "home" / "cache" / "answers.sqlite").unlink()  # so that all is asked again
    process = torchrun("tune", file, "--out", two, "--json")
    said, errors = process.communicate()
    assert process.returncode == 0, errors[-3000:]
    assert json.loads(said), "one document, from one process"
    assert json.loads((two / "scores.json").read_text()) == json.loads((one / "scores.json").read_text())
    assert answers_in(two) == answers_in(one)
    assert [line["loss"] for line in lines_of(two)] == pytest.approx([line["loss"] for line in lines_of(one)], rel=1e-6)
    records = [read_record(folder) for folder in (one, two)]
    assert [record["training"].pop("processes") for record in records] == [1, 2]
    for name in ("fingerprint", "counts", "left_out", "training", "format"):
        assert records[0][name] == records[1][name], name
    assert sum("tuning: 4 steps" in line for line in errors.splitlines()) == 1
    assert sorted(path.name for path in two.iterdir()) == sorted([*(p.name for p in one.iterdir()), "report.html"])


def test_two_processes_ask_as_one(small: Recipe, file: Path, tmp_path: Path) -> None:
    one, two = evaluate(small, tmp_path / "one").folder, tmp_path / "two"
    (tmp_path / "home" / "cache" / "answers.sqlite").unlink()
    process = torchrun("evaluate", file, "--out", two)
    _, errors = process.communicate()
    assert process.returncode == 0, errors[-3000:]
    assert answers_in(two) == answers_in(one)


def test_a_killed_process_ends_the_run_with_a_line_and_it_goes_on(small: Recipe, file: Path, tmp_path: Path) -> None:
    """The second process is killed; the run ends, says so once, and its resumed end is that of a run left alone."""
    longer = ("--set", "train.steps=8", "--set", "train.sharding=fsdp", "--set", "train.method=full")
    folder = tmp_path / "killed"
    process = torchrun("tune", file, "--out", folder, *longer)
    while process.poll() is None and not (folder / "checkpoints" / "step-000002").is_dir():
        time.sleep(0.01)
    os.kill(workers_of(process)[1], signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert len(told(errors)) == 1 and "--resume goes on" in told(errors)[0], errors
    assert "finished" not in read_record(folder)
    again = torchrun("tune", file, "--out", folder, "--resume", *longer)
    _, errors = again.communicate()
    assert again.returncode == 0, errors[-3000:]
    train = small.train.model_copy(update={"steps": 8, "method": "full"})
    whole = tune(small.model_copy(update={"train": train}), tmp_path / "whole").folder
    assert [line["step"] for line in lines_of(folder)] == list(range(1, 9))
    ours, theirs = ([line["loss"] for line in lines_of(each)] for each in (folder, whole))
    assert ours == pytest.approx(theirs, rel=1e-6)


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Process ids of the workers that torchrun started, in the order of their start."""
    return list(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))


def test_a_mistake_is_told_once(file: Path, tmp_path: Path) -> None:
    process = torchrun("tune", file, "--set", "train.rnk=3", "--set", "model=nowhere")
    said, errors = process.communicate()
    assert process.returncode != 0 and not said
    assert len(told(errors)) == len(set(told(errors))) == 1 and "did you mean" in told(errors)[0], errors
