"""A run that was done before, in another study or by itself, is taken over whole instead of being done again.

Only where its fingerprint is the same (what decides a result: recipe, templates, rows, model, version), the packages
are, the precision that it was tuned in and the BLEURT that judged it, and its files are as its record sealed them: what
is taken over is then what would have come out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from unseen.errors import UserMistake
from unseen.fulldisk import AGAIN, whole_folder
from unseen.progress import say
from unseen.recipe import Recipe
from unseen.study.bleurt import judge_of
from unseen.study.fingerprint import deciding_values, versions
from unseen.study.record import NAME, read_if_there, write_record
from unseen.study.recorded import BESIDE
from unseen.study.seal import FILES, is_untouched, sealed
from unseen.study.shared_tuning import TUNED_BY, linked, tuned_as_here, tuning_key

ITS_OWN = ("name", "command", "recipe", BESIDE)  # what the same run says otherwise elsewhere
TAKEN = "taken_from"
Record = Mapping[str, Any]
Done = Literal["whole", "tuning"]


def finished_runs(places: Iterable[Path]) -> Iterator[Path]:
    """The folders of finished runs in `places`, which are run folders or hold some, as a study's folder does."""
    for place in places:
        found = [file.parent for file in sorted(place.rglob(NAME)) if read_if_there(file).get("finished")]
        if not found:
            raise UserMistake(str(place), "holds no finished run to take over", "name a study's folder, or a run's")
        yield from found


def said_done(recipe: Mapping[str, Any], tuned: bool, records: Sequence[Record]) -> Done | None:
    """What of a run a finished one among `records` has done, by what its recipe says and theirs (canonical values), by
    the packages and by the precision. A plan goes by this, and by the names of files; what is in rows, templates and
    files is compared when the run begins."""
    alike = [each for each in records if each.get("versions") == versions() and ("training" in each) == tuned]
    alike = [each for each in alike if not tuned or tuned_as_here(each)]
    if any(_said(each["recipe"]) == _said(recipe) for each in alike):
        return "whole"
    if tuned and any(tuning_key(each["recipe"]) == tuning_key(recipe) for each in alike):
        return "tuning"
    return None


def _said(recipe: Mapping[str, Any]) -> tuple[Any, ...]:
    """What decides a result, and the names of files whose content does: that is not in a recipe."""
    return (
        deciding_values(recipe),
        recipe.get("diversity"),
        *(recipe["evaluate"].get(name) for name in ("hints", "bleurt")),
    )


def same_run(recipe: Recipe, record: Record, runs: Sequence[Path], tuned: bool) -> Path | None:
    """Which of `runs`, that are finished, is the one that `recipe` is about to begin, as `record` says; `tuned` says
    whether it tunes. Its answers must have been judged by the BLEURT that is there now, or both by none."""
    found = {run: theirs for run in runs if _same(record, theirs := read_if_there(run / NAME), tuned)}
    judge = judge_of(recipe) if found else None
    judged = (run for run, theirs in found.items() if (theirs.get("bleurt") or {}).get("digest") == judge)
    return next((run for run in judged if is_untouched(run)), None)


def _same(record: Record, other: Record, tuned: bool) -> bool:
    if any(record[name] != other.get(name) for name in ("fingerprint", "versions")) or ("training" in other) != tuned:
        return False
    kept, theirs = (each["recipe"]["train"].get("keep_for_verify") for each in (record, other))
    return bool(kept == theirs) and (not tuned or tuned_as_here(other))


def take_whole(run: Path, folder: Path, record: Record) -> dict[str, Any]:
    """Put what `run` left into `folder`, all of it or nothing; the record, which this returns, says by its name and not
    by its folder where it is from: that may be anywhere on this machine. Raises `DiskFull`."""
    taken = read_if_there(run / NAME)
    whole = {name: value for name, value in taken.items() if name not in (*ITS_OWN, TUNED_BY)}
    whole |= {name: record[name] for name in ITS_OWN if name in record}
    if TUNED_BY in taken:
        whole[TUNED_BY] = taken[TUNED_BY]
        if (run / taken[TUNED_BY]).is_dir():  # else it is a name
            whole[TUNED_BY] = os.path.relpath(run / taken[TUNED_BY], folder)
    with whole_folder(folder, "the run", AGAIN) as unfinished:
        for name in taken[FILES]:
            (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
            linked(str(run / name), str(unfinished / name))
        whole = sealed(unfinished, whole | {TAKEN: taken["name"]})
        write_record(unfinished, whole)
    say(f"{run} is the same run, which is taken over")
    return whole
