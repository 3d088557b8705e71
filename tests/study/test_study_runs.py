"""A study: its arms are processes, which one may stop, kill, repeat or run beside each other, and the table stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_studies import ARMS, same_table, tiny_study

from unseen.cli import run
from unseen.errors import RecipeMistake
from unseen.study.arm import BUSY, run_arm
from unseen.study.arms import expand
from unseen.study.lock import held, is_held
from unseen.study.study_file import Study, load_study
from unseen.study.study_folder import ArmFiles, open_study, read_said, refreshed
from unseen.study.study_run import run_study

BAD = {"name": "bad", "set": {"unseen": ["nli/nowhere"]}}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Study:
    return tiny_study(tmp_path_factory.mktemp("study"), tiny_model, arms=[BAD, *ARMS])


@pytest.fixture(scope="module")
def done(study: Study, own_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study's folder after it ran, two arms at a time."""
    folder = tmp_path_factory.mktemp("done") / "here"
    ran = run_study(study, folder, workers=2)
    assert (ran.folder, ran.failed, ran.left) == (folder, ("bad seed 0",), ())
    return folder


def states(folder: Path) -> dict[str, str]:
    return {arm["name"]: arm["state"] for arm in refreshed(folder)["arms"]}


def test_an_arm_that_fails_stops_no_other_and_says_why(done: Path) -> None:
    assert states(done) == {"bad": "failed", "all": "finished", "rank-2": "finished"}
    bad, *good = refreshed(done)["arms"]
    assert bad["error"].startswith("tasks: 'nli/nowhere' matches no task")
    assert bad["error"] in ArmFiles(done / bad["folder"]).log.read_text()
    assert all(arm["error"] is None for arm in good)


def test_each_arm_says_what_it_was_given(done: Path) -> None:
    for arm in refreshed(done)["arms"][1:]:
        got = arm["matched"]
        assert (got["by"], got["target"], got["steps"], got["examples"]) == ("steps", 4, 4, 16)
        assert got["supervised_tokens"] > 0 and got["tuning_seconds"] > 0


def test_what_is_finished_is_not_done_again(
    done: Path, study: Study, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in done.glob("arms/*/seed-0/**/*") if path.is_file()}
    assert run_study(study, done, arms=["all", "rank-2"], workers=2).failed == ()
    assert {path: path.stat().st_mtime_ns for path in done.glob("arms/*/seed-0/**/*") if path.is_file()} == before
    assert capsys.readouterr().err == f"tiny, full: 2 runs, 2 of them finished; in {done}\n"


def test_arms_beside_each_other_answer_as_one_after_the_other(
    done: Path, study: Study, tmp_path: Path, home: Path
) -> None:
    """In this process, one after the other, with a cache of answers of their own."""
    open_study(study, expand(study), tmp_path / "serial")
    for arm in expand(study)[1:]:
        assert run_arm(tmp_path / "serial", arm.name, arm.seed) == 0
        assert same_table(tmp_path / "serial" / arm.folder, done / arm.folder)


def test_a_killed_study_goes_on_and_ends_with_the_same_table(
    done: Path, study: Study, tmp_path: Path, home: Path
) -> None:
    """kill -9 of the runner while an arm tunes: the arm ends with it, and both go on from there."""
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "unseen", "study", "run", str(study.path), "--out", str(folder), "--workers", "1"]
    runner = subprocess.Popen([*command, "--arms", "all"], stderr=subprocess.DEVNULL, env={**os.environ})
    files = ArmFiles(folder / "arms/all/seed-0")
    log = files.run / "steps.jsonl"
    wait_until(lambda: runner.poll() is not None or (log.is_file() and log.read_text().count("\n") >= 1))
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    wait_until(lambda: not is_held(files.lock))
    assert states(folder)["all"] in ("stopped", "finished")
    assert run_study(study, folder, arms=["all"], workers=1).failed == ()
    assert states(folder) == {"bad": "waiting", "all": "finished", "rank-2": "waiting"}
    assert same_table(files.run, done / "arms/all/seed-0")
    assert read_said(files)["spent"] > 0


def wait_until(true: object) -> None:
    deadline = time.monotonic() + 60
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_runners_do_not_do_the_same_arm(study: Study, tmp_path: Path) -> None:
    open_study(study, expand(study), tmp_path / "here")
    files = ArmFiles(tmp_path / "here/arms/all/seed-0")
    with held(files.lock) as mine:
        assert mine and is_held(files.lock)
        assert run_arm(tmp_path / "here", "all", 0) == BUSY
        assert states(tmp_path / "here")["all"] == "running"
    assert not is_held(files.lock) and not read_said(files)


def test_a_study_that_was_changed_after_it_began_is_refused(
    done: Path, study: Study, tmp_path: Path, tiny_model: Path
) -> None:
    with pytest.raises(RecipeMistake, match="the rule was changed after the run began"):
        run_study(tiny_study(tmp_path, tiny_model, arms=[BAD, *ARMS], decision={"smallest": 1.0}), done)
    small = tiny_study(tmp_path, tiny_model, arms=[BAD, *ARMS], sizes={"smoke": {"seeds": [0]}})
    with pytest.raises(RecipeMistake, match="in its size full, and size smoke is asked for; add --size full"):
        run_study(load_study(small.path, "smoke"), done)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(RecipeMistake, match="something else than a study"):
        run_study(study, tmp_path / "notes")


def test_a_size_whose_data_nobody_has_begins_nothing_and_names_the_others(
    tiny_model: Path, tmp_path: Path, home: Path
) -> None:
    sizes = {"small": {"base": {"seen": ["sentiment/film_notes"]}}}
    study = tiny_study(tmp_path, tiny_model, base={"seen": ["nli/nowhere"]}, sizes=sizes)
    with pytest.raises(
        RecipeMistake, match=r"no arm of size full can run: tasks: 'nli/nowhere'.*; or choose --size small"
    ):
        run_study(study, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_arm_begins_when_the_budget_is_spent(
    done: Path, tmp_path: Path, tiny_model: Path, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    poor = tiny_study(tmp_path, tiny_model, arms=[BAD, *ARMS], budget={"hours": 1e-6})
    before = ArmFiles(done / "arms/bad/seed-0").said.read_text()
    assert run_study(poor, done, workers=1).failed == ("bad seed 0",)
    assert "the budget of 1e-06 hours is spent: 1 arms not begun" in capsys.readouterr().err
    assert ArmFiles(done / "arms/bad/seed-0").said.read_text() == before


def test_an_arm_that_ends_without_a_word_is_told_by_its_last_lines(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["sh", "-c", "echo up to here; kill -9 $$"]
    monkeypatch.setattr("unseen.study.launching.command", lambda *_: words)
    ran = run_study(study, tmp_path / "here", arms=["all"], workers=1)
    assert ran.failed == ("all seed 0",)
    error = next(arm["error"] for arm in ran.study["arms"] if arm["name"] == "all")
    assert error == (
        "its process was ended by signal 9, as the system does when memory is full; last lines: up to here"
    )


def test_status_and_exit_codes_on_the_command_line(
    done: Path, study: Study, tmp_path: Path, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["study", "status", str(done)]) == 0
    said = capsys.readouterr().out
    assert "rank-2" in said and "failed" in said and "'nli/nowhere'" in said
    command = ["study", "run", str(study.path), "--out", str(done), "--workers", "1"]
    assert run([*command, "--arms", "all"]) == 0
    capsys.readouterr()
    assert run([*command, "--arms", "bad"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "unseen: 1 arms failed: bad seed 0; the same command tries them again"
    )
    assert run(["study", "run", str(study.path), "--size", "huge"]) == 2
    assert run(["study", "status", str(tmp_path)]) == 2
    assert replace(study, size="other").folder_name != study.folder_name
