"""A file of rows that is to become a dataset: dropped on the page and kept in the cache, or read where it lies."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unseen.data import places
from unseen.data.guess import Guess, guess_file
from unseen.data.textlines import unreadable
from unseen.errors import DataMistake
from unseen.studio.workspace import Workspace
from unseen.wholefile import write_whole

DROPPED = re.compile(r"[0-9a-f]{16}\.[a-z]{1,8}")


@dataclass(frozen=True, slots=True)
class Incoming:
    """The file itself; `dropped` is its name among the dropped files, nothing where its path was typed."""

    file: Path
    dropped: str
    called: str
    guess: Guess


def keep_dropped(name: str, content: bytes) -> tuple[str, str]:
    """Keep a dropped file in the cache under its content; that name and the stem of its own, which leads nowhere."""
    base = re.split(r"[/\\]", name)[-1]
    suffix = re.sub(r"[^a-z]", "", Path(base).suffix.lower())[:8] or "unknown"
    kept = f"{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
    if not (_dropped() / kept).is_file():
        write_whole(_dropped() / kept, content)
    return kept, slug(Path(base).stem)


def _dropped() -> Path:
    return places.cache() / "dropped"


def incoming(workspace: Workspace, values: Mapping[str, str]) -> Incoming:
    """The file that was dropped or whose path was typed, with what it probably is. Raises `DataMistake`."""
    dropped, called = values.get("file", ""), slug(values.get("called", ""))
    if dropped:
        file = _dropped() / dropped
        if not DROPPED.fullmatch(dropped) or not file.is_file():
            raise DataMistake("the dropped file", "is not kept any more", "drop it again")
    else:
        file = _typed(values.get("path", ""))
        called = called or slug(file.stem)
    try:
        found = file.stat()
    except OSError as error:
        raise unreadable(file, error) from None
    stamp = (found.st_mtime_ns, found.st_size)
    try:
        guess: Guess = workspace.kept(("guess", file), stamp, lambda: guess_file(file))
    except DataMistake as mistake:
        if not dropped:
            raise
        where = mistake.where.replace(str(file), file.name).replace(file.name, f"{called or 'the file'}{file.suffix}")
        raise DataMistake(where, mistake.what, mistake.remedy) from None
    return Incoming(file, dropped, called or "my_rows", guess)


def _typed(path: str) -> Path:
    text = path.strip().strip("'\"")
    if not text or "\0" in text or len(text) > 4096:
        raise DataMistake("path", "names no file", "give the whole path of a file on this machine")
    try:
        file = Path(text).expanduser()
    except RuntimeError:  # ~somebody whom the machine does not know
        file = Path(text)
    if not file.is_absolute():
        raise DataMistake(text, "is no whole path", f"begin with {os.sep} or ~{os.sep}")
    return file


def slug(text: str) -> str:
    """`text` as a name of a dataset: letters, digits and `_`."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()[:60]
