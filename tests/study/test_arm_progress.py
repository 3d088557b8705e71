"""How far an arm is, read from what its run folder holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_studies import tiny_study

from unseen.study.arm_progress import board, how_far, spelled
from unseen.study.arms import Arm, expand


@pytest.fixture
def arm(tmp_path: Path) -> Arm:
    return expand(tiny_study(tmp_path / "study", tmp_path / "model", arms=[{"name": "all"}]))[0]


def steps(run: Path, number: int, seconds: float = 2.0) -> None:
    lines = [json.dumps({"step": at, "seconds": seconds}) for at in range(number)]
    (run / "steps.jsonl").write_text("\n".join(lines) + "\n")


def test_each_part_of_an_arm_has_its_line_with_rate_and_time_left(arm: Arm, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    assert how_far(run, arm) == "reading its rows"
    (run / "record.json").write_text("{}")
    assert how_far(run, arm) == "reading its rows"
    (run / "record.json").write_text('{"name": "all"}')
    assert how_far(run, arm) == "asking its base model"
    (run / "record.json").write_text('{"counts": {"examples": 400}, "recipe": {"train": {"examples_per_step": 4}}}')
    assert how_far(run, arm) == "tuning, no step done yet"
    steps(run, 10)
    assert how_far(run, arm) == "step 10 of 100, 2 s a step, 3 minutes of tuning left"
    steps(run, 100)
    assert how_far(run, arm) == "asking its tuned model"


def test_what_ended_says_when_the_others_will_have(
    arm: Arm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with board(tmp_path, 2, 1) as shown:
        shown.look([arm])
        shown.ended(arm, "finished")
        shown.ended(arm, "failed: no")
    assert capsys.readouterr().err.splitlines() == [
        "all seed 0: finished, 0 s; 1 of 2, about 0 s left",
        "all seed 0: failed: no, 0 s; 2 of 2",
    ]


@pytest.mark.parametrize("seconds, said", [(0.4, "0 s"), (89, "89 s"), (600, "10 minutes"), (9000, "2.5 hours")])
def test_times_are_said_as_a_person_says_them(seconds: float, said: str) -> None:
    assert spelled(seconds) == said
