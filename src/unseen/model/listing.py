"""The models that `unseen list models` shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unseen.data.places import models_root
from unseen.errors import UserMistake
from unseen.model.contents import contents_of
from unseen.model.description import descriptions
from unseen.model.embedded import ALIAS, cached_folder


def list_models() -> list[dict[str, Any]]:
    """A record of every described model, and of every model folder under `$UNSEEN_MODELS`.

    `path` and `megabytes` (of weights) are None where the model is not on this machine; nothing is fetched or
    converted. A folder that is there and damaged says so in its note.
    """
    root = models_root()
    folders = {file.parent.name: file.parent for file in sorted(root.glob("*/config.json"))} if root else {}
    return [_record(name, folders.get(name)) for name in dict.fromkeys([*descriptions(), *folders])]


def _record(name: str, folder: Path | None) -> dict[str, Any]:
    known = descriptions().get(name)
    folder = cached_folder() if folder is None and name == ALIAS else folder
    tuned_on = known.instruction_tuned_on if known else "unknown"
    size, note = None, known.note if known else ""
    if folder is not None:
        try:
            size = round(contents_of(folder).size / 1e6)
        except UserMistake as mistake:
            note = f"damaged: {mistake}"
    return {
        "model": name,
        "path": str(folder) if folder else None,
        "megabytes": size,
        "instruction_tuned_on": tuned_on if isinstance(tuned_on, str) else list(tuned_on),
        "licence": known.licence if known else "",
        "note": note,
    }
