"""A disk that is full while something large is written: one line that says what, where, how much is free, and how to
go on, whichever library met it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unseen.errors import DiskFull

FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the quota on this disk is used up"}
AGAIN, RESUME = "the same command again goes on", "--resume goes on"


@contextmanager
def told_when_full(what: str, place: Path, again: str, needed: int | None = None) -> Iterator[None]:
    """While inside, an error of a full disk is a `DiskFull`: `what` was written to `place`, `needed` bytes of it, and
    `again` says how to go on. What was written must be gone by then: what is free is told as it stands."""
    try:
        yield
    except DiskFull:
        raise
    except Exception as error:  # safetensors has errors of its own, and so has SQLite
        number = full_by(error)
        if number is None:
            raise
        raise DiskFull(_line(FULL[number], what, _where(place, error), needed, again)) from error


def full_by(error: BaseException) -> int | None:
    """The number of the system's error where `error` says that a disk is full; SQLite, safetensors and
    torch.distributed.checkpoint tell it in words."""
    own = getattr(error, "errno", None)
    if own in FULL:
        return int(own)
    said = {"database or disk is full": errno.ENOSPC, **{os.strerror(number): number for number in FULL}}
    return next((number for words, number in said.items() if words in str(error)), None)


@contextmanager
def whole_folder(folder: Path, what: str, again: str, needed: int | None = None) -> Iterator[Path]:
    """A folder to fill beside `folder`, whose place it takes when it is complete; after an error it is gone. Raises
    `DiskFull` as `told_when_full` does."""
    with told_when_full(what, folder, again, needed):
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
        try:
            yield unfinished
            unfinished.chmod(0o755)
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.replace(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _where(place: Path, error: BaseException) -> Path:
    """`place`, unless the system names a file elsewhere; one beside it or in it has a name of the moment."""
    named = getattr(error, "filename", None)
    if named is None or place.absolute().parent in Path(named).absolute().parents:
        return place
    return Path(named)


def _line(full: str, what: str, place: Path, needed: int | None, again: str) -> str:
    size = "" if needed is None else f" of {_megabytes(needed)}"
    free = _megabytes(_free(place))
    return f"{place}: {full}: {what}{size} could not be written, {free} are free; make room, and {again}"


def _free(place: Path) -> int:
    there = next(each for each in (place, *place.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size < 10_000_000 else f"{size / 1e6:,.0f} MB"
