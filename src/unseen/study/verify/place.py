"""What `unseen verify` is given: a run, a study with its arms, or a page that carries its results."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from unseen.errors import DataMistake
from unseen.study.fingerprint import deciding_values
from unseen.study.record import NAME, read_record
from unseen.study.study_folder import STUDY, refreshed
from unseen.study.verify.outcome import Check, compared, judged, tried

Named = tuple[str, Check]
"""The arm that a check is of (empty for a run, and for a study as a whole), and the check."""


def verify(place: Path, skip: Collection[str] = ()) -> Iterator[Named]:
    """The checks of a run's folder, of a study's, or of a study's page, each as soon as it is done.

    Raises `DataMistake` where there is none of these, and what `verify_run` does.
    """
    if (place / NAME).is_file():
        from unseen.study.verify.whole import verify_run

        return (("", check) for check in verify_run(place, skip))
    if (place / STUDY).is_file():
        return verify_study(place, skip)
    if place.suffix == ".html" and place.is_file():
        from unseen.study.verify.page import verify_page

        return verify_page(place)
    raise DataMistake(str(place), "is no run, no study and no page of one", "name a folder that tune or a study wrote")


def verify_study(folder: Path, skip: Collection[str] = ()) -> Iterator[Named]:
    """Every finished arm of a study with each of its seeds, then what is not finished."""
    from unseen.study.verify.whole import verify_run

    arms = refreshed(folder)["arms"]
    finished = [arm for arm in arms if arm["state"] == "finished"]
    for arm in finished:
        run = folder / arm["folder"]
        name = f"{arm['name']}/seed-{arm['seed']}"
        yield name, tried("arm", partial(_check_arm, run, arm))
        yield from ((name, check) for check in verify_run(run, skip))
    told = f"{len(finished)} of {len(arms)} arms and seeds are finished"
    failed = [arm for arm in arms if arm["state"] == "failed"]
    yield "", Check("arms", "holds" if len(finished) == len(arms) else "not kept", f"{told}, {len(failed)} failed")


def _check_arm(run: Path, arm: dict[str, Any]) -> Check:
    """Whether the run's recipe is the arm's, but for the examples that matching gave it."""
    record = read_record(run)
    ran, wanted = deciding_values(record["recipe"]), deciding_values(arm["recipe"])
    for values in (ran, wanted):
        values["train"].pop("examples", None)
    return judged(
        "arm", f"ran the recipe that study.json says, with seed {arm['seed']}", compared(wanted, ran, "recipe")
    )
