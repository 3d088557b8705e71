"""Files that are written whole or not at all: a reader, a full disk or a kill meets the old file or the new one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unseen.errors import DataMistake


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A place beside `file` to write to. What stands there in the end is brought to the disk and then takes the place
    of `file`, whose folder is made; after an error it is gone. Raises `OSError` where any of it cannot be."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(file)
    finally:
        with suppress(OSError):
            part.unlink()


def write_whole(file: Path, content: str | bytes) -> None:
    """`content` (text as UTF-8) in `file`, whose folder is made. Raises `DataMistake` where that cannot be."""
    with _told(file), replacing(file) as part:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def copy_whole(file: Path, to: Path) -> None:
    """What `file` holds, in `to`. Raises `DataMistake` where that cannot be."""
    with _told(to), replacing(to) as part:
        shutil.copyfile(file, part)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise DataMistake(str(file), what, "free some space, or check its rights") from None
