"""What `unseen verify` is given: a run, a study with its arms, or a page that carries its results."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from unseen.errors import DataMistake
from unseen.study.record import NAME
from unseen.study.verify.outcome import Check
from unseen.study.verify.whole import verify_run

Named = tuple[str, Check]
"""The arm that a check is of (empty for a run, and for the study itself), and the check."""


def verify(place: Path, skip: Collection[str] = ()) -> Iterator[Named]:
    """The checks of a run's folder, of a study's, or of a study's page.

    Raises `DataMistake` where there is none of these, and what `verify_run` does.
    """
    if (place / NAME).is_file():
        return (("", check) for check in verify_run(place, skip))
    raise DataMistake(str(place), "is no run, no study and no page of one", "name a folder that tune or a study wrote")
