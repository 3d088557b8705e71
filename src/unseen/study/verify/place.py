"""What `unseen verify` is given: a run, a study with its arms, or a page that carries its results."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from unseen.errors import DataMistake
from unseen.study.record import NAME, read_record
from unseen.study.study_folder import DECIDING, STUDY, Record, deciding_of, refreshed
from unseen.study.verify.arm import check_arm
from unseen.study.verify.outcome import Check, Difference, judged, tried
from unseen.study.verify.rule import called, check_study

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
    """The study's rule and what it makes of its arms, every finished arm with each of its seeds, then how many are."""
    from unseen.study.verify.whole import verify_run

    study = refreshed(folder)
    study[DECIDING] = deciding_of(study, folder)
    arms = study["arms"]
    yield from (("", check) for check in check_study(study, arms)[1])
    records = {called(arm): read_record(folder / arm["folder"]) for arm in arms if arm["state"] == "finished"}
    for arm in arms:
        if called(arm) in records:
            yield called(arm), tried("arm", partial(check_arm, arm, study, arms, records))
            yield from ((called(arm), check) for check in verify_run(folder / arm["folder"], skip))
    yield "", _check_finished(arms)


def _check_finished(arms: Sequence[Record]) -> Check:
    """An arm that failed is no result; one that is not finished may still become one."""
    finished = sum(arm["state"] == "finished" for arm in arms)
    failed = [Difference(called(arm), "planned", f"failed: {arm['error']}") for arm in arms if arm["state"] == "failed"]
    told = f"{finished} of {len(arms)} arms and seeds are finished, {len(failed)} failed"
    if failed or finished == len(arms):
        return judged("arms", told, failed)
    return Check("arms", "not kept", told)
