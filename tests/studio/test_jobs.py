"""Runs that the studio starts: they outlive it, are found again, stopped, resumed, and never run twice at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.studio.job_states import has_ended, until
from unseen.errors import UserMistake
from unseen.studio.job import BEGUN, Job, State
from unseen.studio.jobs import JOB, LOG, Jobs
from unseen.studio.process import Process

PROGRAM = """
import json, signal, sys
from pathlib import Path
recipe, run = Path(sys.argv[2]).read_text(), Path(sys.argv[4])
print("began", *sys.argv[5:], flush=True)
if "mistake" in recipe:
    print("unseen: tiny: 'nil/*' matches no task; did you mean 'nli/*'?", file=sys.stderr)
    sys.exit(2)
if "crash" in recipe:
    raise ValueError("a fault")
if "deaf" in recipe:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
run.mkdir(parents=True, exist_ok=True)
(run / "record.json").write_text(json.dumps({"name": "tiny"}))
print("ready", flush=True)
try:
    while "wait" in recipe and "--resume" not in sys.argv:
        signal.pause()
except KeyboardInterrupt:
    print("unseen: interrupted; --resume goes on", file=sys.stderr)
    sys.exit(130)
(run / "record.json").write_text(json.dumps({"finished": "today"}))
"""


@pytest.fixture
def studio_jobs(tmp_path: Path) -> Callable[[], Jobs]:
    """The jobs of one folder, as a studio that has just been started sees them; `unseen` is a stand-in."""
    program = tmp_path / "unseen.py"
    program.write_text(PROGRAM)
    return lambda: Jobs(tmp_path / "runs", patience=0.5, program=(sys.executable, str(program)))


def is_ready(state: State) -> bool:
    return "ready" in state.log


def test_a_job_is_found_again_by_a_studio_that_starts_later_and_can_be_stopped_by_it(
    studio_jobs: Callable[[], Jobs],
) -> None:
    first = studio_jobs()
    started = first.start("one", "wait", memory_mb=700)
    until(first, "one", is_ready)
    later = studio_jobs()
    assert later.all() == (started,) and later.state(started).kind == "running"
    assert later.job("one").memory_mb == 700
    later.stop("one")
    assert until(first, "one", has_ended).kind == "stopped"


def test_a_stopped_job_is_resumed_and_finishes(studio_jobs: Callable[[], Jobs]) -> None:
    jobs = studio_jobs()
    jobs.start("one", "wait")
    until(jobs, "one", is_ready)
    jobs.stop("one")
    until(jobs, "one", has_ended)
    jobs.resume("one")
    state = until(jobs, "one", has_ended)
    again = f"{BEGUN}tune recipe.yaml --out one --resume"
    assert state.kind == "finished" and state.log[-3:] == (again, "began --resume", "ready")
    assert state.log[:2] == ("began", "ready")  # what it said before stays
    with pytest.raises(UserMistake, match="is finished"):
        jobs.resume("one")


def test_a_stopped_job_says_what_resuming_it_would_do(studio_jobs: Callable[[], Jobs], tmp_path: Path) -> None:
    jobs = studio_jobs()
    jobs.start("one", "wait")
    until(jobs, "one", is_ready)
    jobs.stop("one")
    assert until(jobs, "one", has_ended).line == "stopped; no checkpoint yet: resumed, it will begin again"
    (tmp_path / "runs" / "one" / "checkpoints" / "step-000025").mkdir(parents=True)
    assert jobs.state(jobs.job("one")).line == "stopped; resumed, it goes on from its last checkpoint"


def test_a_mistake_of_an_earlier_start_is_not_that_of_the_last(studio_jobs: Callable[[], Jobs]) -> None:
    jobs = studio_jobs()
    jobs.start("one", "mistake")
    until(jobs, "one", has_ended)
    jobs.recipe(jobs.job("one")).write_text("fine")
    jobs.resume("one")
    assert until(jobs, "one", has_ended).kind == "finished"


def test_a_job_that_is_deaf_to_signals_is_ended_all_the_same(studio_jobs: Callable[[], Jobs]) -> None:
    jobs = studio_jobs()
    jobs.start("one", "deaf wait")
    until(jobs, "one", is_ready)
    jobs.stop("one")
    assert until(jobs, "one", has_ended).kind == "stopped"


def test_a_job_that_fails_says_its_own_line(studio_jobs: Callable[[], Jobs]) -> None:
    jobs = studio_jobs()
    jobs.start("one", "mistake")
    state = until(jobs, "one", has_ended)
    assert (state.kind, state.line) == ("failed", "tiny: 'nil/*' matches no task; did you mean 'nli/*'?")
    jobs.start("two", "crash")
    assert (until(jobs, "two", has_ended).kind, jobs.state(jobs.job("two")).line) == ("failed", "ValueError: a fault")


def test_a_table_in_a_log_keeps_its_columns_and_no_control_character(
    studio_jobs: Callable[[], Jobs], tmp_path: Path
) -> None:
    jobs = studio_jobs()
    jobs.start("one", "fine")
    until(jobs, "one", has_ended)
    (tmp_path / "runs" / ".jobs" / "one" / LOG).write_text("side    score  \nunseen   12.5\x1b[1m\n")
    assert jobs.state(jobs.job("one")).log == ("side    score", "unseen   12.5 [1m")


def test_a_killed_job_is_told_as_killed(studio_jobs: Callable[[], Jobs]) -> None:
    jobs = studio_jobs()
    job = jobs.start("one", "wait")
    until(jobs, "one", is_ready)
    os.kill(job.process.pid, signal.SIGKILL)
    assert until(jobs, "one", has_ended).kind == "killed"
    with pytest.raises(UserMistake, match="is not running"):
        jobs.stop("one")
    assert jobs.state(jobs.job("one")).kind == "killed"


def test_a_process_that_was_given_the_id_of_an_ended_one_is_not_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert Process.of(other.pid).lives
        mistaken = Process(other.pid, "1 ticks after boot of another day")
        assert not mistaken.lives
        mistaken.signal(signal.SIGKILL)
        assert other.poll() is None
        other.communicate(b"\n")
    assert not Process.of(other.pid).lives


def test_two_at_a_time_in_one_folder_are_refused(studio_jobs: Callable[[], Jobs]) -> None:
    jobs = studio_jobs()
    jobs.start("one", "wait")
    until(jobs, "one", is_ready)
    for again in (lambda: studio_jobs().start("one", "wait"), lambda: jobs.resume("one")):
        with pytest.raises(UserMistake, match="is running"):
            again()
    jobs.stop("one")
    until(jobs, "one", has_ended)
    with pytest.raises(UserMistake, match="is there already"):
        jobs.start("one", "wait")


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden", "a" * 101, "a\nb"])
def test_a_name_cannot_climb_out(studio_jobs: Callable[[], Jobs], tmp_path: Path, name: str) -> None:
    jobs = studio_jobs()
    for asked in (lambda: jobs.start(name, "wait"), lambda: jobs.resume(name), lambda: jobs.job(name)):
        with pytest.raises(UserMistake):
            asked()
    assert not (tmp_path / "runs").exists()


def test_a_damaged_note_of_a_job_is_no_job(studio_jobs: Callable[[], Jobs], tmp_path: Path) -> None:
    place = tmp_path / "runs" / ".jobs" / "one"
    place.mkdir(parents=True)
    (place / JOB).write_text('{"process": 3}')
    found: tuple[Job, ...] = studio_jobs().all()
    assert found == ()
