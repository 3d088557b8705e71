"""Files that a report leaves, each written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from unseen.errors import DataMistake


def written(page: str | bytes, path: Path) -> Path:
    """Write a page or a picture; a killed process leaves the old one or the new one."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(page.encode("utf-8") if isinstance(page, str) else page)
        part.replace(path)
    except OSError as error:
        raise DataMistake(str(path), f"cannot be written ({error})", "name another file with --out") from None
    return path
