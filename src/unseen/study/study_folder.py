"""A study's folder: study.json, which says what is run and how far it is, and a run folder for each arm and seed.

    study.json                    the study's text, its fingerprint with all that it is of, its arms and their states
    arms/<arm>/seed-<n>/          a run folder, as `unseen tune` (or `evaluate`) leaves it
    arms/<arm>/seed-<n>.json      what the arm's process says of itself
    arms/<arm>/seed-<n>.log       what it printed
    arms/<arm>/seed-<n>.lock      held while it runs

A state is found out from the arm's own files every time, so that a kill of anything leaves nothing wrong behind.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from unseen.errors import DataMistake, RecipeMistake, UserMistake
from unseen.recipe import Recipe, named_alike
from unseen.study.arms import Arm
from unseen.study.fingerprint import versions
from unseen.study.lock import is_held
from unseen.study.record import NAME, now, read_if_there, write_json
from unseen.study.recorded import path_from
from unseen.study.study_file import Study, Values, fingerprint_of, load_study

STUDY = "study.json"
DECIDING = "deciding"  # in study.json: the values that the fingerprint is of
SAID = ("study", "question", "paper", "baseline", "seeds", "matched", "measure", "decision")  # those that it says again
State = Literal["finished", "failed", "running", "stopped", "waiting"]
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ArmFiles:
    """Where an arm with its seed leaves what it does; `run` is its run folder."""

    run: Path

    @property
    def said(self) -> Path:
        return self.run.with_name(f"{self.run.name}.json")

    @property
    def log(self) -> Path:
        return self.run.with_name(f"{self.run.name}.log")

    @property
    def lock(self) -> Path:
        return self.run.with_name(f"{self.run.name}.lock")


def read_study(folder: Path) -> Record:
    """study.json of a folder, with the states as they were when it was written; `DataMistake` where there is none."""
    try:
        found = json.loads((folder / STUDY).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise DataMistake(str(folder), f"is no study's folder: it has no {STUDY}", "name one that ran") from None
    except (ValueError, OSError) as error:
        raise DataMistake(str(folder / STUDY), f"cannot be read ({error})", "name another folder") from None
    if not isinstance(found, dict) or not isinstance(found.get("arms"), list):
        raise DataMistake(str(folder / STUDY), "is not what a study writes", "name another folder")
    return found


def refreshed(folder: Path) -> Record:
    """study.json with the states, mistakes and matching of the arms as their own files say now."""
    study = read_study(folder)
    return study | {"arms": [arm | standing(folder / arm["folder"]) for arm in study["arms"]]}


def with_rule(study: Record, where: Path) -> Record:
    """study.json, which lies at `where`, with its deciding values, those of older folders as `deciding_of` finds them.

    Raises `DataMistake` where the study is no longer the one that its fingerprint is of.
    """
    deciding = deciding_of(study, where.parent)
    if deciding is None:
        return study
    changed = [name for name in SAID if study.get(name) != deciding.get(name)]
    if fingerprint_of(deciding) != study.get("fingerprint"):
        changed.append(DECIDING)
    if changed:
        what = f"its rule was changed after the run began ({', '.join(changed)})"
        raise DataMistake(str(where), what, "put back what it said, or run the other rule with another --out")
    return study | {DECIDING: deciding}


def file_of(study: Record, folder: Path) -> Path:
    """The study's file, which study.json in `folder` names as one goes there from `folder`; versions up to 0.1 named it
    from where the command ran."""
    near = folder / study["file"]
    return near.resolve() if near.is_file() else Path(study["file"])


def arm_recipe(study: Record, arm: Record, folder: Path) -> Recipe:
    """The recipe of an arm that study.json in `folder` lists; its files lie beside the study's."""
    return Recipe.model_validate(arm["recipe"]).lying_in(file_of(study, folder).parent)


def deciding_of(study: Record, folder: Path) -> Values | None:
    """The values that the fingerprint of the study in `folder` is of: those that study.json keeps, else those of the
    study's file while they make that fingerprint; None where neither is there.

    The file's arms and base may make it with what study.json says of the rest: of a pilot, which has seeds of its own,
    and of a folder older than a key of the rule.
    """
    kept = study.get(DECIDING)
    if isinstance(kept, dict):
        return kept
    try:
        of_file = load_study(file_of(study, folder), study["size"]).deciding
        own = {name: study[name] for name in SAID} | {name: of_file[name] for name in ("arms", "base")}
    except (UserMistake, OSError, KeyError, TypeError):
        return None
    return next((each for each in (of_file, own) if fingerprint_of(each) == study["fingerprint"]), None)


def standing(run: Path) -> Record:
    """The state of an arm, its mistake when it failed, and how it was matched, by its own files."""
    said = read_said(ArmFiles(run))
    state = _state(run, said)
    error = said.get("error") if state == "failed" else None
    return {"state": state, "error": error, "matched": said.get("matched")}


def _state(run: Path, said: Record) -> State:
    record = read_if_there(run / NAME)
    if is_held(ArmFiles(run).lock):
        return "running"
    if record.get("finished"):
        return "finished"
    if said.get("state") == "failed":
        return "failed"
    return "stopped" if said or record else "waiting"


def read_said(files: ArmFiles) -> Record:
    """What the arm's process says of itself; nothing where it never ran."""
    return read_if_there(files.said)


def open_study(study: Study, arms: Sequence[Arm], folder: Path) -> Record:
    """The study's folder, made where it is not there yet; its study.json as of now.

    Raises `RecipeMistake` where the folder holds something else, where the study was changed after it began (its budget
    may be), and where its grids now make other arms.
    """
    planned = _planned(study, arms, folder)
    if (folder / STUDY).is_file():
        before = read_study(folder)
        if before.get("size") != study.size:
            what = f"holds the study in its size {before.get('size')}, and size {study.size} is asked for"
            raise RecipeMistake(str(folder), what, f"add --size {before.get('size')}, or name another --out")
        if before.get("fingerprint") != study.fingerprint:
            what = f"{study.path} is not what it was when this run began: the rule was changed after the run began"
            raise RecipeMistake(str(folder), what, "put the file back, or name another --out")
        if not _same_arms(before["arms"], planned["arms"]):
            what = "its arms are no longer those that began: tasks of the catalogs, or unseen itself, have changed"
            raise RecipeMistake(str(folder), what, "name another --out")
        planned |= {"started": before["started"]}
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RecipeMistake(str(folder), "holds something else than a study", "name another folder with --out")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / STUDY, planned)
    return write_states(folder)


def write_states(folder: Path) -> Record:
    """Write study.json again, as `refreshed` finds it."""
    study = refreshed(folder)
    write_json(folder / STUDY, study)
    return study


def _same_arms(before: Sequence[Record], planned: Sequence[Record]) -> bool:
    if len(before) != len(planned):
        return False
    pairs = zip(before, planned, strict=True)
    named = [one | {"recipe": named_alike(one["recipe"], two["recipe"])} for one, two in pairs]
    return list(map(_identity, named)) == list(map(_identity, planned))


def _identity(arm: Record) -> str:
    return json.dumps([arm[name] for name in ("name", "seed", "against", "work", "recipe")], sort_keys=True)


def _planned(study: Study, arms: Sequence[Arm], folder: Path) -> Record:
    deciding = study.deciding
    return {
        **{name: deciding[name] for name in SAID},
        "size": study.size,
        "file": path_from(folder, study.path),
        "fingerprint": study.fingerprint,
        DECIDING: deciding,
        "budget": study.said.budget.model_dump(mode="json"),
        "started": now(),
        "versions": versions(),
        "arms": [planned_arm(arm) for arm in arms],
    }


def planned_arm(arm: Arm) -> Record:
    """An arm as study.json lists it."""
    return {
        "name": arm.name,
        "seed": arm.seed,
        "about": dict(arm.about),
        "against": arm.against,
        "work": arm.work,
        "folder": arm.folder,
        "recipe": arm.recipe.canonical(),
    }
