"""A model's settings with the places of this machine taken out: names that others can use stand for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unseen.model.contents import read_json
from unseen.model.folder import ABOUT
from unseen.reporting.card_facts import hub_id_of

# Files whose settings name where a model came from, by the key that does.
NAMING = {"adapter_config.json": "base_model_name_or_path", "config.json": "_name_or_path"}


def about_without_places(model: Path) -> bytes:
    """unseen.json: the base has its name and digest, and no path."""
    about = read_json(model / ABOUT)
    base = about.get("base")
    if isinstance(base, dict):
        about = about | {"base": base | {"name": _last(str(base.get("name", ""))), "path": None}}
    return _written(about)


def settings_without_places(file: Path, base: str) -> bytes | None:
    """The settings in `file` with the hub's id, or the name, of `base` for its path; None where they name no path."""
    key = NAMING.get(file.name)
    if key is None:
        return None
    values = read_json(file)
    if not Path(str(values.get(key) or "")).is_absolute():
        return None
    return _written(values | {key: hub_id_of(base) or _last(base)})


def _last(name: str) -> str:
    """The last part of a path; another name as it is."""
    return Path(name).name if Path(name).is_absolute() else name


def _written(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()
