"""A tracker gets the numbers of steps.jsonl, each once, however many processes tune. Nothing leaves the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_tuning import TRACKED_RUNS

from unseen.train.steplog import read_steps

pytest.importorskip("tensorboard", reason="pip install tensorboard")
HERE = Path(__file__).parent
VALUES = ("loss", "learning_rate", "grad_norm", "validation_loss")


def test_a_tracker_gets_what_the_log_has(tmp_path: Path) -> None:
    TRACKED_RUNS["tracked"](tmp_path)
    assert_tracked(tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the ranks are forks of one process")
def test_of_two_ranks_the_first_one_tracks(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    command = [sys.executable, str(HERE / "ranked_tuning.py"), str(tmp_path), "2", "fsdp/tracked"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert_tracked(tmp_path / "fsdp" / "tracked")


def assert_tracked(out: Path) -> None:
    """The events in `out` hold the values of its log and no other, each written once."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found: dict[str, dict[int, float]] = {name: {} for name in VALUES}
    for file in out.rglob("events.out.tfevents.*"):
        events = EventAccumulator(str(file)).Reload()
        for name in events.Tags()["scalars"]:
            for event in events.Scalars(name):
                assert event.step not in found[name], f"{name} of step {event.step} was written twice"
                found[name][event.step] = event.value
    lines = read_steps(out / "steps.jsonl")
    for name in VALUES:
        expected = {line["step"]: line[name] for line in lines if line[name] is not None}
        assert found[name] == pytest.approx(expected, rel=1e-6), name
