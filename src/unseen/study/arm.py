"""One arm of a study with one seed, as a process of its own: `python -m unseen.study.arm FOLDER ARM SEED`.

It ends with 0 when the arm is finished, 2 for the user's mistake, 1 when the job failed, 75 when another process runs
this arm. It says what it does in seed-<n>.json beside its run folder.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unseen.errors import DataMistake, UnseenError, UserMistake, one_line
from unseen.study.done_before import finished_runs
from unseen.study.lock import held
from unseen.study.matching import matched_recipe, what_it_got
from unseen.study.record import now, read_record, write_json
from unseen.study.run import evaluate, tune
from unseen.study.shared_tuning import drop_checkpoints, is_finished, tuned_alike
from unseen.study.study_folder import ArmFiles, Record, file_of, read_said, read_study

DONE, FAILED, MISTAKEN, BUSY, LEFT_ALONE = 0, 1, 2, 75, 130


def run_arm(folder: Path, name: str, seed: int, workers: int = 1, reuse: Sequence[Path] = ()) -> int:
    """Run an arm of the study in `folder`, or go on with it; its exit status. `workers` is how many arms share the
    machine, which is noted beside the seconds that it took. A run below `reuse` that is this arm's is taken over."""
    study = read_study(folder)
    arm = _entry(study, folder, name, seed)
    files = ArmFiles(folder / arm["folder"])
    with held(files.lock) as free:
        if not free:
            return BUSY
        said = read_said(files) | {"state": "running", "workers": workers, "error": None}
        said["spent"] = _spent_before(files, said)
        said["began"] = now()
        write_json(files.said, said)
        began = time.perf_counter()
        status, told = _tried(folder, study, arm, files, said, reuse)
        spent = said["spent"] + round(time.perf_counter() - began, 1)
        write_json(files.said, said | told | {"spent": spent, "began": None})
        return status


def _tried(
    folder: Path, study: Record, arm: Record, files: ArmFiles, said: Record, reuse: Sequence[Path]
) -> tuple[int, Record]:
    """The exit status, and what changes in what the arm says of itself."""
    alike = [folder / each["folder"] for each in tuned_alike(study["arms"], arm)]
    try:
        recipe, matched = matched_recipe(folder, study, arm)
        write_json(files.said, said | {"matched": matched})
        done, command = tuple(finished_runs(reuse)), _command(study, arm)
        if arm["work"] == "tune":
            tune(recipe, files.run, resume=True, alike=alike, command=command, done=done)
        elif not is_finished(files.run):
            evaluate(recipe, files.run, command, done)
    except UserMistake as mistake:
        return MISTAKEN, _failed(" | ".join(mistake.lines), study, folder)
    except UnseenError as error:
        return FAILED, _failed(str(error), study, folder)
    except Exception as error:
        traceback.print_exc()
        return FAILED, _failed(f"{type(error).__name__}: {error}", study, folder)
    drop_checkpoints([files.run, *alike])
    return DONE, {"state": "finished", "error": None, "matched": matched | what_it_got(read_record(files.run))}


def _command(study: Record, arm: Record) -> str:
    """What a person would type to have this arm run."""
    return f"unseen study run {Path(study['file']).name} --size {study['size']} --arms {arm['name']}"


def _failed(error: str, study: Record, folder: Path) -> Record:
    """The log has the mistake as it is; what the study's page may show names its files without their places here."""
    print(f"unseen: {one_line(error)}", file=sys.stderr, flush=True)
    for place in (file_of(study, folder).absolute().parent, folder.absolute()):
        error = error.replace(f"{place}{os.sep}", "")
    return {"state": "failed", "error": one_line(error)}


def _entry(study: Record, folder: Path, name: str, seed: int) -> Record:
    for arm in study["arms"]:
        if (arm["name"], arm["seed"]) == (name, seed):
            return dict(arm)
    raise DataMistake(str(folder), f"has no arm '{name}' with seed {seed}", "see unseen study status")


def _spent_before(files: ArmFiles, said: dict[str, Any]) -> float:
    """Seconds of earlier attempts. One that was killed did not say how long it took; the last file it wrote does."""
    spent = float(said.get("spent") or 0.0)
    if not said.get("began"):
        return spent
    from datetime import datetime

    began = datetime.fromisoformat(said["began"]).timestamp()
    wrote = [path.stat().st_mtime for path in (files.log, files.said, *files.run.glob("*")) if path.is_file()]
    return spent + max(0.0, round(max(wrote, default=began) - began, 1))


def _end_with_the_runner() -> None:
    """End this process when the runner that started it has ended, which closes the pipe that is our standard input."""
    while os.read(0, 1):  # not sys.stdin, whose lock a thread that waits would hold when Python ends
        pass
    os._exit(LEFT_ALONE)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m unseen.study.arm", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("arm")
    parser.add_argument("seed", type=int)
    parser.add_argument("--workers", type=int, default=1, help="arms that share this machine")
    parser.add_argument(
        "--reuse", type=Path, action="append", default=[], help="finished runs are taken over from here"
    )
    parser.add_argument("--with-runner", action="store_true", help="end when standard input is closed")
    options = parser.parse_args(arguments)
    if options.with_runner:
        threading.Thread(target=_end_with_the_runner, daemon=True).start()
    return run_arm(options.folder, options.arm, options.seed, options.workers, options.reuse)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main(sys.argv[1:]))
