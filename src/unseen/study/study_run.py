"""Running a study: its arms as processes, some at a time, until all are finished or have failed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from unseen.errors import UserMistake
from unseen.progress import say
from unseen.study import means
from unseen.study.arm import BUSY, DONE
from unseen.study.arm_progress import Board, board
from unseen.study.arms import Arm, check_tasks, choose, expand
from unseen.study.done_before import finished_runs
from unseen.study.launching import Job, Machine
from unseen.study.lock import is_held
from unseen.study.record import write_json
from unseen.study.run_folder import RUNS
from unseen.study.shared_tuning import is_tuned, tuning_key
from unseen.study.study_file import Study
from unseen.study.study_folder import ArmFiles, Record, open_study, read_said, read_study, standing, write_states

LOOK_EVERY = 0.2  # seconds
LINES = 3  # of an arm's log, when it ended without a word


@dataclass(frozen=True, slots=True)
class StudyRun:
    """A study that ran: its folder, and study.json as it is then. `failed` names the arms that did; `left` those that
    were not run to their end, because the budget was spent or another process runs them."""

    folder: Path
    study: Record
    failed: tuple[str, ...]
    left: tuple[str, ...]


class Place(Protocol):
    """Where arms are started, and how many at a time."""

    @property
    def workers(self) -> int: ...
    def start(self, arm: Arm, slot: int) -> Job: ...


def run_study(
    study: Study,
    out: Path | None = None,
    arms: Sequence[str] = (),
    workers: int | None = None,
    ray: str | None = None,
    reuse: Sequence[Path] = (),
) -> StudyRun:
    """Run the arms of a study that are not finished, or those of them named in `arms`; each goes on where it stopped.

    The folder is `out`, else runs/study-<name>-<size>-<first 8 of the fingerprint>. As many arms run beside each other
    as this machine has cores and memory for, or `workers` of them; with `ray` on the cluster at that address. An arm
    that fails stops no other. No arm begins when the budget is spent. An arm that was run before, in one of the
    folders `reuse`, is taken over from there.
    Raises the mistakes of `expand` and `check_tasks`, `RecipeMistake` for a folder that cannot be used, and
    `MissingExtra`.
    """
    expanded = expand(study)
    chosen = choose(expanded, arms)
    check_tasks(study, expanded)
    folder = out or RUNS / study.folder_name
    if reuse:
        say(f"{len(list(finished_runs(reuse)))} finished runs may be taken over")
    open_study(study, expanded, folder)
    seeds = list(study.said.seeds)
    todo = [arm for arm in chosen if standing(folder / arm.folder)["state"] != "finished"]
    todo.sort(key=lambda arm: seeds.index(arm.seed))  # so that what a stopped study has is whole for its first seeds
    say(f"{study.name}, {study.size}: {len(chosen)} runs, {len(chosen) - len(todo)} of them finished; in {folder}")
    if todo:
        place = _place(folder, todo, workers, ray, reuse)
        _run_all(study, folder, todo, place, _alike(expanded))
    return _outcome(folder, chosen)


def _place(folder: Path, todo: Sequence[Arm], workers: int | None, ray: str | None, reuse: Sequence[Path]) -> Place:
    if ray is not None:
        from unseen.study.on_ray import cluster

        return cluster(ray, folder, workers, reuse)
    cores, gpus = means.cores(), means.gpus()
    return Machine(folder, workers or _fitting(todo, cores, len(gpus)), cores, gpus, tuple(reuse))


def _fitting(todo: Sequence[Arm], cores: int, gpus: int) -> int:
    """How many arms this machine holds at a time, by the estimate of the one with the largest model."""
    if len(todo) == 1 or gpus == 1 or (cores == 1 and not gpus):
        return 1
    from unseen.study.arm_cost import largest, measured

    try:
        biggest = largest(todo)
        needed = int(measured(biggest.recipe, biggest.work)["memory_mb"]) * 2**20
    except UserMistake:  # the arm itself will tell it
        return 1
    return means.fitting(len(todo), needed, cores, means.memory(), gpus)


def _run_all(study: Study, folder: Path, todo: list[Arm], place: Place, alike: Mapping[str, list[str]]) -> None:
    """Keep `place` busy until nothing is left to start, or the budget is spent; then wait for what runs."""
    waiting, running = list(todo), dict[int, Job]()
    with board(folder, len(todo), place.workers) as shown:
        try:
            while waiting or running:
                while waiting and len(running) < place.workers:
                    if _spent(folder, study):
                        hours = study.said.budget.hours
                        shown.tell(f"the budget of {hours:g} hours is spent: {len(waiting)} arms not begun")
                        waiting.clear()
                        break
                    here = [job.arm.folder for job in running.values()]
                    ready = next((arm for arm in waiting if not _awaits(folder, alike[arm.folder], here)), None)
                    if ready is None:
                        break
                    waiting.remove(ready)
                    slot = next(each for each in range(place.workers) if each not in running)
                    running[slot] = place.start(ready, slot)
                time.sleep(LOOK_EVERY)
                shown.look([job.arm for job in running.values()])
                for slot in [each for each, job in running.items() if job.status() is not None]:
                    _ended(folder, running.pop(slot), shown)
        finally:
            for job in running.values():
                job.stop()
            write_states(folder)


def _alike(arms: Iterable[Arm]) -> dict[str, list[str]]:
    """The folders of the arms that are tuned as an arm is, by its folder."""
    by_tuning: dict[str, list[str]] = {}
    keys = {arm.folder: tuning_key(arm.recipe.canonical()) if arm.work == "tune" else arm.folder for arm in arms}
    for place, key in keys.items():
        by_tuning.setdefault(key, []).append(place)
    return {place: [each for each in by_tuning[key] if each != place] for place, key in keys.items()}


def _awaits(folder: Path, alike: Iterable[str], here: Sequence[str]) -> bool:
    """Whether one of `alike` is about to do the tuning of an arm, too: one of those that run here, or of another
    runner's in the same folder."""
    return any(
        (each in here or is_held(ArmFiles(folder / each).lock)) and not is_tuned(folder / each) for each in alike
    )


def _ended(folder: Path, job: Job, shown: Board) -> None:
    """Tell how an arm ended, and write it down where the arm itself could not."""
    status, files = job.status(), ArmFiles(folder / job.arm.folder)
    if status == BUSY:
        shown.ended(job.arm, "is run by another process")
        return
    if status != DONE and standing(files.run)["state"] != "finished":
        said = read_said(files)
        if said.get("state") != "failed":
            said |= {"state": "failed", "error": _how(int(status or 0), files)}
            write_json(files.said, said)
        shown.ended(job.arm, f"failed: {said['error']} (log: {files.log})")
    else:
        shown.ended(job.arm, "finished")
    write_states(folder)


def _how(status: int, files: ArmFiles) -> str:
    """Why a process ended that could not say so itself."""
    how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    hint = ", as the system does when memory is full" if status == -9 else ""
    lines = files.log.read_text(encoding="utf-8", errors="replace").splitlines() if files.log.is_file() else []
    last = " / ".join(line.strip() for line in lines[-LINES:] if line.strip())
    return f"its process {how}{hint}" + (f"; last lines: {last}" if last else "")


def _spent(folder: Path, study: Study) -> bool:
    """Whether the arms have taken the budget: seconds of each, shared by those that ran beside it."""
    hours = study.said.budget.hours
    if hours is None:
        return False
    return spent_seconds(folder) >= 3600 * hours


def spent_seconds(folder: Path) -> float:
    """Seconds of this machine that the arms of a study's folder have taken, those of earlier attempts too."""
    said = [read_said(ArmFiles(folder / arm["folder"])) for arm in read_study(folder)["arms"]]
    return sum((float(each.get("spent", 0.0)) / each.get("workers", 1) for each in said), 0.0)


def _outcome(folder: Path, chosen: Sequence[Arm]) -> StudyRun:
    study = write_states(folder)
    wanted = {(arm.name, arm.seed) for arm in chosen}
    arms = [arm for arm in study["arms"] if (arm["name"], arm["seed"]) in wanted]
    failed = tuple(_called(arm) for arm in arms if arm["state"] == "failed")
    left = tuple(_called(arm) for arm in arms if arm["state"] not in ("failed", "finished"))
    return StudyRun(folder, study, failed, left)


def _called(arm: Record) -> str:
    return f"{arm['name']} seed {arm['seed']}"
