"""What lies below the folder of runs: run folders, studies and diverse data, a line each, damaged ones too."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from unseen.diversify.output import KIND as DIVERSE
from unseen.errors import DataMistake, UserMistake
from unseen.named_path import is_there
from unseen.phases import Standing
from unseen.reporting.findings import findings
from unseen.reporting.numbers import counted, limits, metric_name, plain, shots_name, signed
from unseen.reporting.run_data import RunData, RunRecord, checked_record
from unseen.studio.job import Job
from unseen.studio.jobs import FOLDER as JOBS
from unseen.studio.jobs import Jobs
from unseen.studio.workspace import Stamp, Workspace, stamp_of
from unseen.study.arm_progress import planned_steps
from unseen.study.lock import is_held
from unseen.study.record import NAME, read_if_there
from unseen.study.study_folder import STUDY, ArmFiles, refreshed

LEVELS = 3  # below the folder of runs
STEPS = "steps.jsonl"
QUIET = 120.0  # seconds: a run that wrote nothing for so long, and for five of its steps, counts as stopped
LAST = 4096  # bytes in which the last whole line of steps.jsonl lies

Kind = Literal["run", "study", "diverse", "damaged"]
State = Literal["running", "stopped", "done", "damaged"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`path` is the folder below that of runs, with slashes. `started` is ISO time; `told` what it found, or what is
    wrong with it; `done` of `planned` steps, or arms of a study."""

    path: str
    kind: Kind
    name: str
    model: str
    state: State
    started: str
    told: str
    done: int = 0
    planned: int = 0
    tasks: tuple[str, ...] = ()

    @property
    def searched(self) -> str:
        return " ".join((self.path, self.kind, self.name, self.model, self.state, *self.tasks)).lower()


def entries(workspace: Workspace) -> list[Entry]:
    """Every folder of the three kinds, the newest first."""
    found = [_entry(workspace, folder) for folder in _folders(workspace.runs, LEVELS)]
    return sorted(found, key=lambda each: each.started, reverse=True)


def folder_at(workspace: Workspace, path: str) -> Path:
    """The folder that `path` names below that of runs. Raises `DataMistake` for a path that leads elsewhere."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path or "\\" in path:
        raise DataMistake(path[:200], "is no folder of a run", "choose one on the page Runs")
    folder = workspace.runs.joinpath(*parts)
    if not (is_there(folder) and folder.is_dir()):
        raise DataMistake(path[:200], "is not there", "choose one on the page Runs")
    return folder


def path_of(workspace: Workspace, folder: Path) -> str:
    return folder.relative_to(workspace.runs).as_posix()


def state_of(folder: Path, record: Mapping[str, Any]) -> State:
    """Whether a run is done, is going on, or was stopped: by its arm's lock, else by the process of the job that the
    studio started in it, else by when it last wrote."""
    if record.get("finished"):
        return "done"
    if is_held(ArmFiles(folder).lock):
        return "running"
    if (job := job_in(folder)) is not None:
        return "running" if job.process.lives else "stopped"
    last = last_step(folder)
    patience = max(QUIET, 5 * float(last.get("seconds") or 0.0))
    return "running" if time.time() - last_written(folder) < patience else "stopped"


def job_in(folder: Path) -> Job | None:
    """The job that the studio started in a run folder; None where it was started otherwise."""
    if not (folder.parent / JOBS / folder.name).is_dir():
        return None
    try:
        return Jobs(folder.parent).job(folder.name)
    except UserMistake:
        return None


def doing_now(folder: Path) -> Standing | None:
    """What a run that the studio started says that it does now; None of others."""
    job = job_in(folder)
    return Jobs(folder.parent).standing(job) if job else None


def last_written(folder: Path) -> float:
    """When a file of the run was last written, in seconds since 1970."""
    return max((stamp_of(folder / name)[0] / 1e9 for name in (NAME, STEPS, "examples", "checkpoints")), default=0.0)


def last_step(folder: Path) -> Mapping[str, Any]:
    """The last whole line of steps.jsonl; nothing where there is none."""
    try:
        with (folder / STEPS).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - LAST))
            lines = file.read().split(b"\n")[:-1]
        found = json.loads(lines[-1]) if lines else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _folders(above: Path, levels: int) -> Iterator[Path]:
    """Folders with a record or a study; what lies within one is its own."""
    try:
        inside = sorted(each for each in above.iterdir() if each.is_dir() and not each.name.startswith("."))
    except OSError:
        return
    for folder in inside:
        if (folder / STUDY).is_file() or (folder / NAME).is_file():
            yield folder
        elif levels > 1:
            yield from _folders(folder, levels - 1)


def _entry(workspace: Workspace, folder: Path) -> Entry:
    path = path_of(workspace, folder)
    make = _study if (folder / STUDY).is_file() else _run_or_diverse
    stamp = _study_stamp(folder) if make is _study else _run_stamp(folder)
    found: Entry = workspace.kept(("entry", path), stamp, lambda: _sound(folder, path, make))
    return found


def _sound(folder: Path, path: str, make: Any) -> Entry:
    try:
        found: Entry = make(folder, path)
    except UserMistake as mistake:
        return _damaged(folder, path, mistake.lines[0])
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError, RecursionError) as error:
        return _damaged(folder, path, f"cannot be understood ({type(error).__name__}: {error})")
    return found


def _damaged(folder: Path, path: str, told: str) -> Entry:
    when = datetime.fromtimestamp(stamp_of(folder)[0] / 1e9, UTC).isoformat(timespec="seconds")
    return Entry(path, "damaged", folder.name, "", "damaged", when, told)


def _run_stamp(folder: Path) -> Stamp:
    """What a run's line depends on: its files, its lock, and for 20 minutes how long it has been quiet, since a run
    that was killed leaves no other trace."""
    quiet = min(int((time.time() - last_written(folder)) / 30), 40)
    job = job_in(folder)
    going = is_held(ArmFiles(folder).lock) or (job is not None and job.process.lives)
    return stamp_of(folder / NAME), stamp_of(folder / STEPS), going, quiet


def _study_stamp(folder: Path) -> Stamp:
    runs = [run for run in sorted(folder.glob("arms/*/seed-*")) if run.is_dir()]
    return stamp_of(folder / STUDY), tuple((_run_stamp(run), stamp_of(ArmFiles(run).said)) for run in runs)


def _run_or_diverse(folder: Path, path: str) -> Entry:
    said = read_if_there(folder / NAME)
    return _diverse(folder, path, said) if said.get("kind") == DIVERSE else _run(folder, path)


def _diverse(folder: Path, path: str, said: Mapping[str, Any]) -> Entry:
    when = datetime.fromtimestamp(stamp_of(folder / NAME)[0] / 1e9, UTC).isoformat(timespec="seconds")
    state: State = "done" if said.get("finished") else "stopped"
    told = f"{said['pairs']} pairs of {said['questions']} questions"
    model = str(said["model"]["name"])
    return Entry(path, "diverse", path, model, state, when, told, int(said["pairs"]), int(said["wanted"]))


def _run(folder: Path, path: str) -> Entry:
    record = checked_record(folder)
    raw = read_if_there(folder / NAME)
    return Entry(
        path=path,
        kind="run",
        name=record.name,
        model=record.model.name,
        state=state_of(folder, raw),
        started=record.started,
        told=scores_told(folder, record),
        done=int(last_step(folder).get("step") or 0),
        planned=planned_steps(raw),
        tasks=(*record.tasks.seen, *record.tasks.unseen),
    )


def scores_told(folder: Path, record: RunRecord) -> str:
    """The first comparison of base and tuned, or the first score, in words."""
    if record.summary is None:
        return ""
    run = RunData(folder, record, (), (), record.summary.across, (), ())
    if run.void:
        return "some unseen tasks are void: see its page"
    for found in findings(run)[:1]:
        tuned, base = found.tuned.new_rows.score, found.base.new_rows.score
        change = f"{signed(found.difference.new_rows.score)} {limits(found.interval, difference=True)}"
        what = f"{found.side} {metric_name(found.metric)}, {shots_name(found.shots)}"
        return f"{what}: {plain(base)} → {plain(tuned)}, {change}, {counted(found.difference.count, 'row')}"
    for mean in record.summary.across[:1]:
        rows = mean.new_rows
        what = f"{mean.side} {metric_name(mean.metric)}, {shots_name(mean.shots)}"
        score = f"{plain(rows.score)} {limits((rows.low, rows.high))}, {counted(mean.count, 'row')}"
        return f"{what}: {score} ({mean.model})"
    return ""


def _study(folder: Path, path: str) -> Entry:
    study = refreshed(folder)
    states = Counter(str(arm["state"]) for arm in study["arms"])
    running, finished = states["running"], states["finished"]
    state: State = "running" if running else "done" if finished == len(study["arms"]) else "stopped"
    models = dict.fromkeys(str(arm.get("recipe", {}).get("model", "")) for arm in study["arms"])
    told = ", ".join(f"{count} {name}" for name, count in states.items())
    name, started = str(study["study"]), str(study["started"])
    model = ", ".join(models)
    return Entry(path, "study", name, model, state, started, told, finished, len(study["arms"]))


def is_study(folder: Path) -> bool:
    return (folder / STUDY).is_file()
