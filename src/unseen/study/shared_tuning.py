"""Arms that differ only in how they are asked are tuned once.

One of them is tuned, the others take over what it left: its last checkpoint, its log and its kept steps; or, of a run
that is finished and whose checkpoints went, its tuned model. They do so only where their own examples, steps,
validation rows, settings, model and packages are the same, by their digests: what they take over is then what they
would have come to, and their tuned models are one file.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from unseen.study.record import NAME, read_if_there
from unseen.study.seal import is_untouched
from unseen.task.selection import names_one

ASKING = ("name", "evaluate")  # what a recipe says that only its answers depend on
CHECKPOINTS, LOG, REPLAY, MODEL = "checkpoints", "steps.jsonl", "replay", "model"
ALIKE = ("examples", "versions")
OF_RECIPE = ("train", "seed", "tokens")  # what decides a tuning, beside what its examples are made from
TUNED_BY = "tuned_by"  # what a record calls the run whose tuning it took over
Record = dict[str, Any]


def tuning_key(recipe: Mapping[str, Any]) -> str:
    """What a recipe's canonical values say of its tuning, its seed among it. Where each seen task is named, none leaves
    the seen side for an unseen one; rows may, which the digest of the examples tells."""
    of_asking = (*ASKING, "unseen") if all(map(names_one, recipe["seen"])) else ASKING
    return json.dumps({name: value for name, value in recipe.items() if name not in of_asking}, sort_keys=True)


def tuned_alike(arms: Iterable[Record], arm: Record) -> list[Record]:
    """The other arms of a study, as study.json lists them, whose recipes say the same of their tuning."""
    key = tuning_key(arm["recipe"])
    return [
        each
        for each in arms
        if each["work"] == arm["work"] == "tune"
        and each["folder"] != arm["folder"]
        and tuning_key(each["recipe"]) == key
    ]


def is_tuned(run: Path) -> bool:
    """Whether the run in this folder has come to its last step."""
    return "training" in read_if_there(run / NAME)


def is_finished(run: Path) -> bool:
    return bool(read_if_there(run / NAME).get("finished"))


def has_checkpoint(run: Path) -> bool:
    return any((run / CHECKPOINTS).glob("step-*"))


def giver(record: Record, others: Sequence[Path]) -> Path | None:
    """Which of the runs in `others` has done the tuning that the run of `record` is about to do: one whose checkpoint
    is there still before one that is finished and has its model as it left it."""
    alike = [
        run
        for run in others
        if is_tuned(run) and _alike(record, theirs := read_if_there(run / NAME)) and tuned_as_here(theirs)
    ]
    stopped_at_its_end = (run for run in alike if has_checkpoint(run))
    finished = (run for run in alike if is_finished(run) and is_untouched(run))
    return next(stopped_at_its_end, None) or next(finished, None)


def tuned_as_here(record: Mapping[str, Any]) -> bool:
    """Whether a run was tuned in the precision that its recipe comes to on this machine: `auto` is bfloat16 on some."""
    from unseen.train.machine import precision_here

    return bool(record["training"].get("precision") == precision_here(record["recipe"]["train"]["precision"]))


def _alike(one: Record, two: Record) -> bool:
    values = [
        [
            *(each["recipe"].get(name) for name in OF_RECIPE),
            each["model"]["digest"],
            *(each.get(name) for name in ALIKE),
        ]
        for each in (one, two)
    ]
    return values[0] == values[1]


def take_over(run: Path, folder: Path) -> None:
    """Put what the tuning of `run` left into `folder`. Where its checkpoint is there still, tuning then finds itself at
    its last step; else there is a tuned model (`is_given`). This comes last, so that a kill leaves a run that begins,
    not one that believes itself done."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy2(run / LOG, folder / LOG)
    for name in (REPLAY, CHECKPOINTS if has_checkpoint(run) else MODEL):
        part = folder / f".part-{name}"
        shutil.rmtree(part, ignore_errors=True)
        if (run / name).is_dir():
            shutil.copytree(run / name, part, copy_function=linked)
            shutil.rmtree(folder / name, ignore_errors=True)
            part.rename(folder / name)


def is_given(folder: Path) -> bool:
    """Whether the run in `folder` has another's tuned model, without a checkpoint to come to it from."""
    taken = TUNED_BY in read_if_there(folder / NAME)
    return taken and (folder / MODEL).is_dir() and not has_checkpoint(folder)


def linked(source: str, target: str) -> None:
    """One file under two names, where the disk can: what is linked is written once and never changed."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def share_weights(run: Path, folder: Path) -> None:
    """Let the tuned models of two runs, one of which took over the other's tuning, be one file where they are the same
    to the last byte: a study that asks in ten ways would fill a disk with ten of them."""
    for own in (folder / MODEL).glob("*.safetensors"):
        theirs = run / MODEL / own.name
        if theirs.is_file() and filecmp.cmp(own, theirs, shallow=False):
            once = own.with_suffix(".part")
            once.unlink(missing_ok=True)
            linked(str(theirs), str(once))
            once.replace(own)


def drop_checkpoints(runs: Sequence[Path]) -> None:
    """Remove the checkpoints of runs that tune alike once all of them are finished: a study of many arms would fill a
    disk with them."""
    if all(is_finished(run) for run in runs):
        for run in runs:
            shutil.rmtree(run / CHECKPOINTS, ignore_errors=True)
