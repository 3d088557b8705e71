"""Files that a user asked for, each written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unseen.errors import DataMistake
from unseen.wholefile import replacing


def written(page: str | bytes, path: Path) -> Path:
    """Write a page or a picture; a killed process leaves the old one or the new one."""
    with writing(path) as part:
        part.write_bytes(page.encode("utf-8") if isinstance(page, str) else page)
    return path


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """The place to write to (see `replacing`). Raises `DataMistake` where a file at `path` cannot be written."""
    try:
        with replacing(path) as part:
            yield part
    except OSError as error:
        what = f"cannot be written ({error.strerror or error})"
        raise DataMistake(str(path), what, "name another file with --out") from None
