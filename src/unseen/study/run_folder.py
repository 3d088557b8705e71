"""The folder of a run: whether one can be used, and the record that a run in it goes on with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unseen.errors import RecipeMistake
from unseen.progress import say
from unseen.study.done_before import same_run, take_whole
from unseen.study.facts import new_record
from unseen.study.prepare import Prepared
from unseen.study.record import NAME, read_if_there, read_record, write_record
from unseen.study.recorded import recipe_record
from unseen.study.seven_steps import seven_steps
from unseen.study.shared_tuning import TUNED_BY, giver, has_checkpoint, take_over

RUNS = Path("runs")
OF_TUNING = ("training", "tokens")  # what a record says of a tuning that is done


def opened(folder: Path, prepared: Prepared, resume: bool, command: str | None, done: Sequence[Path]) -> dict[str, Any]:
    """The record to go on with: the folder's own, that of the same run in `done`, or a new one."""
    check_usable(folder, prepared)
    if not (folder / NAME).is_file():
        record = begun(folder, prepared, command) | {"delia": seven_steps(prepared)}
        run = same_run(prepared.recipe, record, done, tuned=True)
        return take_whole(run, folder, record) if run else record
    record = read_record(folder)
    if not record.get("finished") and not resume:
        raise RecipeMistake(str(folder), "holds a run that was stopped", "add --resume to go on, or name another --out")
    return record


def begun(folder: Path, prepared: Prepared, command: str | None) -> dict[str, Any]:
    record = new_record(prepared) | recipe_record(prepared.recipe, folder)
    return record if command is None else record | {"command": command}


def check_usable(folder: Path, prepared: Prepared) -> None:
    above = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    if not above.is_dir():
        what = "is no folder" if above == folder else f"cannot be made, since {above} is no folder"
        raise RecipeMistake(str(folder), what, "name another folder with --out")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / NAME).is_file():
        raise RecipeMistake(str(folder), "holds something else than a run", "name another folder with --out")
    if (folder / NAME).is_file() and read_record(folder).get("fingerprint") != prepared.fingerprint:
        what = "holds another run: rows, templates, model or settings differ"
        raise RecipeMistake(str(folder), what, "name another folder with --out")


def taken_over(
    folder: Path, record: dict[str, Any], alike: Sequence[Path], done: Sequence[Path] = ()
) -> dict[str, Any]:
    """The record, written; with the run in `alike` or `done` that did the same tuning, whose outcome then lies in
    `folder`. One of `done`, which may be anywhere on this machine, is told by its name."""
    run = None
    if not has_checkpoint(folder):
        record.pop(TUNED_BY, None)  # of an attempt that was killed before it had taken over
        run = giver(record, [*alike, *done])
    if run is not None:
        given = read_if_there(run / NAME)
        record |= {TUNED_BY: os.path.relpath(run, folder) if run in alike else given["name"]}
        if not has_checkpoint(run):
            record |= {name: given[name] for name in OF_TUNING}
    write_record(folder, record)
    if run is not None:
        take_over(run, folder)
        say(f"tuned as {run} was, which is taken over")
    return record
