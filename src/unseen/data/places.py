"""Where `unseen` keeps and looks for files: the user's home of it, its caches, catalogs, data and models."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import unseen


def home() -> Path:
    """`$UNSEEN_HOME`, or the platform's own place for a program's data. Nothing is created."""
    if named := os.environ.get("UNSEEN_HOME"):
        return Path(named).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "unseen"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "unseen"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "unseen"


def cache() -> Path:
    """Whatever lies here can be deleted at any time and is made again."""
    return home() / "cache"


def user_catalog() -> Path:
    """Dataset descriptions that the user wrote or imported."""
    return home() / "catalog"


def shipped_catalog() -> Path:
    """The datasets that come with the package."""
    return Path(unseen.__file__).parent / "catalog"


def data_root() -> Path | None:
    """`$UNSEEN_DATA`: the folder that descriptions with `root: data` are relative to."""
    return _named_folder("UNSEEN_DATA")


def models_root() -> Path | None:
    """`$UNSEEN_MODELS`: the folder that the models of studies are looked for in."""
    return _named_folder("UNSEEN_MODELS")


def _named_folder(variable: str) -> Path | None:
    named = os.environ.get(variable)
    return Path(named).expanduser().absolute() if named else None
