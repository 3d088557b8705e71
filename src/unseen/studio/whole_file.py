"""Files that are written whole or not at all: a reader, a full disk or a kill meets the old file or the new one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unseen.errors import DataMistake


def write_whole(file: Path, content: str | bytes) -> None:
    """`content` (text as UTF-8) in `file`, whose folder is made. Raises `DataMistake` where that cannot be."""
    with _part_of(file) as part, part.open("wb") as opened:
        opened.write(content.encode("utf-8") if isinstance(content, str) else content)
        opened.flush()
        os.fsync(opened.fileno())


def copy_whole(file: Path, to: Path) -> None:
    """What `file` holds, in `to`. Raises `DataMistake` where that cannot be."""
    with _part_of(to) as part:
        shutil.copyfile(file, part)


@contextmanager
def _part_of(file: Path) -> Iterator[Path]:
    """A place beside `file` that is moved there in the end."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(file)
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise DataMistake(str(file), what, "free some space, or check its rights") from None
    finally:
        with suppress(OSError):
            part.unlink()
