"""Runs that the studio started: each a process of its own, found again by a studio that is started later.

Beside the run folders, in `.jobs/NAME`, lie what a job was asked (`recipe.yaml`), what it said (`log.txt`), what it
does now (`progress.json`) and which process it is (`job.json`). The run's own folder is written by `unseen tune` alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from signal import Signals
from threading import Event, Thread
from time import monotonic
from typing import Any

from unseen.errors import UserMistake, nearest
from unseen.names import advice, rule
from unseen.phases import TUNING, Standing, standing_in
from unseen.progress import TOLD_IN
from unseen.studio.job import BEGUN, Job, State, ended, last_lines
from unseen.studio.process import Process, started
from unseen.study.arm_progress import planned_steps, run_progress
from unseen.study.lock import held
from unseen.study.record import NAME as RECORD
from unseen.study.record import now, read_if_there, write_json
from unseen.train.steplog import read_steps
from unseen.wholefile import write_whole

FOLDER = ".jobs"
JOB, RECIPE, LOG, LOCK, TOLD = "job.json", "recipe.yaml", "log.txt", "lock", "progress.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of a folder of runs. `patience` is how many seconds a job has between SIGINT, SIGTERM and SIGKILL."""

    runs: Path
    patience: float = 30.0
    program: tuple[str, ...] = (sys.executable, "-m", "unseen")

    def start(self, name: str, recipe: str, memory_mb: int | None = None, seconds: int | None = None) -> Job:
        """Tune `recipe`, the text of a file, in the run folder `name`; `memory_mb` and `seconds` are those of its plan.

        Raises `UserMistake` for a name that cannot be, for a folder that holds something, and while a job runs there.
        """
        run, place = self.runs.absolute() / name, self._place(name)
        with self._alone(name):
            if run.exists() and (not run.is_dir() or any(run.iterdir())):
                raise UserMistake(name, "is there already", "resume it from its job, or choose another name")
            place.mkdir(parents=True, exist_ok=True)
            write_whole(place / RECIPE, recipe)
            (place / LOG).write_bytes(b"")
            return self._tuning(Job(name, run, Process(0, ""), "", memory_mb, seconds=seconds), ())

    def resume(self, name: str) -> Job:
        """Go on with a job that was stopped, killed or failed. Raises `UserMistake` where it runs or is finished."""
        with self._alone(name):
            job = self.job(name)
            if self.state(job).kind == "finished":
                raise UserMistake(name, "is finished", "start it under another name to do it again")
            return self._tuning(job, ("--resume",) if (job.run / RECORD).is_file() else ())

    def stop(self, name: str) -> Job:
        """Ask a job to end, and make it end where it does not: it can be resumed from its last checkpoint.

        Raises `UserMistake` for a job that does not run.
        """
        job = replace(self.job(name), asked_to_stop=True)
        if not job.process.lives:
            raise UserMistake(name, "is not running", "there is nothing to stop")
        self._keep(job)
        Thread(target=_end, args=(job.process, self.patience), daemon=True).start()
        return job

    def free_name(self, wanted: str) -> str:
        """`wanted`, or with a number behind it, so that no run has it."""
        names = (wanted, *(f"{wanted}-{number}" for number in range(2, 10_000)))
        return next(each for each in names if not (self.runs / each).exists() and self._read(each) is None)

    def job(self, name: str) -> Job:
        """Raises `UserMistake` for a name that is no job's, with the nearest ones."""
        found = self._read(name) if NAME.fullmatch(name) else None
        if found is None:
            raise UserMistake("jobs", f"there is no job '{name}'", nearest(name, [each.name for each in self.all()]))
        return found

    def all(self) -> tuple[Job, ...]:
        """Every job, the last one started first."""
        found = [self._read(file.parent.name) for file in (self.runs / FOLDER).glob(f"*/{JOB}")]
        return tuple(sorted((each for each in found if each), key=lambda each: each.began, reverse=True))

    def state(self, job: Job) -> State:
        """How the job stands now, by its process, what it wrote, and its run folder."""
        lives = job.process.lives
        log = last_lines(self._place(job.name) / LOG)
        if lives and job.asked_to_stop:
            return State("stopping", "asked to stop; it ends at the next safe place", log)
        if not lives:
            return ended(job, log)
        standing = self.standing(job)
        return State("running", self._line(job, standing), log, self._steps(job), standing)

    def standing(self, job: Job) -> Standing | None:
        """What a job that runs does now, as its process said last."""
        return standing_in(self._place(job.name) / TOLD)

    def recipe(self, job: Job) -> Path:
        return self._place(job.name) / RECIPE

    def _place(self, name: str) -> Path:
        return self.runs.absolute() / FOLDER / name

    def _line(self, job: Job, standing: Standing | None) -> str:
        """What it does in its own words, which are newer than its folder; of its steps the folder knows more."""
        if standing is None and not (job.run / RECORD).is_file():
            return "starting"
        return run_progress(job.run) if standing is None or standing.phase.name == TUNING else standing.words

    def _steps(self, job: Job) -> tuple[int, int] | None:
        steps = planned_steps(read_if_there(job.run / RECORD))
        done = len(read_steps(job.run / "steps.jsonl")) if steps else 0
        return (min(done, steps), steps) if steps else None

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """While inside, no other request and no other studio starts the job; raises `UserMistake` where it runs."""
        if not NAME.fullmatch(name):
            raise no_name("run folder", name)
        with held(self._place(name) / LOCK, patience=0.0) as free:
            job = self._read(name) if free else None
            if not free or (job and job.process.lives):
                raise UserMistake(name, "is running", "stop it first, or choose another name")
            yield

    def _tuning(self, job: Job, more: tuple[str, ...]) -> Job:
        command = [*self.program, "tune", str(self.recipe(job)), "--out", str(job.run), *more]
        with (self._place(job.name) / LOG).open("a", encoding="utf-8") as log:
            log.write(f"{BEGUN}tune {RECIPE} --out {job.name}{' --resume' if more else ''}\n")
        told = self._place(job.name) / TOLD
        told.unlink(missing_ok=True)
        child = started(command, self._place(job.name) / LOG, {TOLD_IN: str(told)})
        Thread(target=child.wait, daemon=True).start()  # or it would stay, dead, in the system's list
        job = replace(job, process=Process.of(child.pid), began=now(), asked_to_stop=False)
        self._keep(job)
        return job

    def _keep(self, job: Job) -> None:
        write_json(self._place(job.name) / JOB, asdict(job) | {"run": str(job.run)})

    def _read(self, name: str) -> Job | None:
        said: dict[str, Any] = read_if_there(self._place(name) / JOB)
        try:
            process = Process(int(said["process"]["pid"]), str(said["process"]["began"]))
            datetime.fromisoformat(str(said["began"]))  # or its time cannot be told
            planned = [None if said.get(each) is None else int(said[each]) for each in ("memory_mb", "seconds")]
            stopped = bool(said["asked_to_stop"])
            return Job(name, Path(said["run"]), process, str(said["began"]), planned[0], stopped, planned[1])
        except (KeyError, TypeError, ValueError):
            return None


def _end(process: Process, patience: float) -> None:
    """SIGINT, which ends a run with a word of its own; SIGTERM and SIGKILL where it is deaf to the one before."""
    for number in (Signals.SIGINT, Signals.SIGTERM, Signals.SIGKILL):
        process.signal(number)
        if not _lives_until(process, monotonic() + patience):
            return


def _lives_until(process: Process, deadline: float) -> bool:
    never = Event()
    while process.lives:
        if monotonic() >= deadline:
            return True
        never.wait(0.1)
    return False


def no_name(where: str, name: str) -> UserMistake:
    """What is wrong with a name that a run's folder or a recipe's file cannot have, and the nearest that it can."""
    pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$"
    return UserMistake(where, f"'{name[:80]}' is no name", f"a name {rule(pattern)}; {advice(name, pattern)}")
