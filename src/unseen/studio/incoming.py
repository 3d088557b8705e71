"""A file of rows that is to become a dataset: dropped on the page and kept in the cache, or read where it lies."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from unseen.data import places
from unseen.data.guess import Guess, guess_file
from unseen.data.textlines import unreadable
from unseen.errors import DataMistake, Mistakes, UserMistake, one_line
from unseen.named_path import named_path
from unseen.studio.workspace import Workspace
from unseen.wholefile import write_whole

LONGEST_NAME = 200  # characters of a file's name that are kept
DROPPED = re.compile(r"[0-9a-f]{16}\.[a-z]{1,8}")


@dataclass(frozen=True, slots=True)
class Incoming:
    """The file itself; `dropped` is its name among the dropped files, nothing where its path was typed; `named` is what
    the user calls it."""

    file: Path
    dropped: str
    called: str
    guess: Guess
    named: str = ""

    @property
    def stem(self) -> str:
        """The file's name as its user knows it, without folder and ending; nothing where only a copy is known."""
        return Path(self.named).stem if self.named else "" if self.dropped else self.file.stem

    @contextmanager
    def by_its_name(self) -> Iterator[None]:
        """While inside, mistakes name the file as the user does, and the form in place of the description to be."""
        with _renamed({str(self.file.with_name(f"{self.called}.yaml")): "the form", **_copy(self.file, self.named)}):
            yield


def keep_dropped(name: str, content: bytes) -> tuple[str, str]:
    """Keep a dropped file in the cache under its content; that name, and the file's own, which leads nowhere."""
    base = _without_folder(name)
    suffix = re.sub(r"[^a-z]", "", Path(base).suffix.lower())[:8] or "unknown"
    kept = f"{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
    if not (_dropped() / kept).is_file():
        write_whole(_dropped() / kept, content)
    return kept, base


def _without_folder(name: str) -> str:
    return one_line(re.split(r"[/\\]", name)[-1])[-LONGEST_NAME:]


def _dropped() -> Path:
    return places.cache() / "dropped"


def incoming(workspace: Workspace, values: Mapping[str, str]) -> Incoming:
    """The file that was dropped or whose path was typed, with what it probably is. Raises `DataMistake`."""
    dropped, named = values.get("file", ""), _without_folder(values.get("named", ""))
    called = slug(values.get("called", "") or Path(named).stem)
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
    named = (named or f"the dropped file{file.suffix}") if dropped else ""
    with _renamed(_copy(file, named)):
        guess: Guess = workspace.kept(("guess", file), stamp, lambda: guess_file(file))
    return Incoming(file, dropped, called or "my_rows", guess, named)


def _copy(file: Path, named: str) -> dict[str, str]:
    """What mistakes say for a file that is a copy, and what its user calls it; nothing for one that is read where it
    lies."""
    return {str(file): named, file.name: named} if named else {}


@contextmanager
def _renamed(names: Mapping[str, str]) -> Iterator[None]:
    """While inside, what mistakes say has these words replaced."""
    try:
        yield
    except UserMistake as mistake:
        raise _with(mistake, names) from None


def _with(mistake: UserMistake, names: Mapping[str, str]) -> UserMistake:
    if isinstance(mistake, Mistakes):
        return Mistakes([_with(each, names) for each in mistake.mistakes])
    if not isinstance(mistake, DataMistake):
        return mistake
    said = [mistake.where, mistake.what, mistake.remedy]
    for old, new in names.items():
        said = [text.replace(old, new) for text in said]
    return DataMistake(*said)


def _typed(path: str) -> Path:
    text = path.strip().strip("'\"")
    if not text:
        raise DataMistake("path", "names no file", "give the whole path of a file on this machine")
    file = named_path(text, DataMistake)
    if not file.is_absolute():
        raise DataMistake(text, "is no whole path", f"begin with {os.sep} or ~{os.sep}")
    return file


def slug(text: str) -> str:
    """`text` as a name of a dataset: letters, digits and `_`."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()[:60]
