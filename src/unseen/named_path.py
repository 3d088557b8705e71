"""The file or folder that a person names: in a form, in a recipe, on the command line."""

from __future__ import annotations

import os
from pathlib import Path

from unseen.errors import UserMistake

LONGEST, LONGEST_PART = 4000, 255  # bytes of a path and of a name in it, on the systems that we know


def named_path(text: str, mistake: type[UserMistake]) -> Path:
    """The path that `text` says; `~` is its user's home, and a name like any other where nobody is called so.

    Raises `mistake` for what no system takes for a path, which otherwise fails wherever it is first looked for.
    """
    path = Path(text)
    if not _can_be(path):
        raise mistake(text[:80], "can be no path", "look at it again: a name in it is too long, or holds a NUL")
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def is_there(path: Path) -> bool:
    """Whether there is something under `path`; there is nothing where no system takes it for one."""
    try:
        return path.exists()
    except OSError:  # a name that is longer than any may be
        return False


def _can_be(path: Path) -> bool:
    try:
        whole, parts = os.fsencode(path), [os.fsencode(part) for part in path.parts]
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return b"\0" not in whole and len(whole) <= LONGEST and all(len(part) <= LONGEST_PART for part in parts)
