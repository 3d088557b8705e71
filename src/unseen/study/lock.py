"""A file that one process holds: the system lets go of it when that process ends, however it ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 1.0  # seconds; whoever only looks whether a file is held holds it for a moment


@contextmanager
def held(path: Path, patience: float = PATIENCE) -> Iterator[bool]:
    """Hold `path` while inside, if no other process does; whether it could be held. The file stays, empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield _taken(file, time.monotonic() + patience)
    finally:
        os.close(file)


def is_held(path: Path) -> bool:
    """Whether another process, or another opening of the file in this one, holds `path`."""
    if not path.is_file():
        return False
    with held(path, patience=0.0) as free:
        return not free


def _taken(file: int, until: float) -> bool:
    while not _take(file):
        if time.monotonic() >= until:
            return False
        time.sleep(0.02)
    return True


if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
