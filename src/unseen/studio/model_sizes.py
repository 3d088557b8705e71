"""What a model needs in memory, told before it is loaded and without torch; and the models that can be named."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from unseen.data.places import models_root
from unseen.errors import ModelMistake, UserMistake
from unseen.model.description import descriptions
from unseen.model.embedded import ALIAS, cached_folder
from unseen.model.folder import ABOUT
from unseen.model.safetensors_file import tensors_of
from unseen.named_path import named_path
from unseen.study.means import OWN_BYTES
from unseen.study.record import read_if_there

WEIGHTS = ("*.safetensors", "*.gguf")  # files of a folder that a model can be loaded from
WIDTH = (
    4  # bytes of a number: models are asked in float32, or in bfloat16 on a GPU, where this machine's memory is spared
)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run that has a model: its path below the workspace's runs, and the folder."""

    name: str
    folder: Path


def runs_with_models(runs: Path) -> list[RunFolder]:
    """Runs below `runs`, the latest first; those of studies too."""
    found = [file.parents[1] for depth in ("*", "*/*/*/*") for file in runs.glob(f"{depth}/model/{ABOUT}")]
    found.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    return [RunFolder(folder.relative_to(runs).as_posix(), folder) for folder in found]


def names() -> list[str]:
    """Aliases of models, and the folders under `$UNSEEN_MODELS` that hold weights: a tokenizer alone says nothing."""
    root = models_root()
    folders = [each.name for each in sorted(root.iterdir()) if has_weights(each)] if root and root.is_dir() else []
    return [*dict.fromkeys([ALIAS, *folders, *descriptions()])]


def has_weights(folder: Path) -> bool:
    return any(next(folder.glob(pattern), None) for pattern in WEIGHTS)


def memory_needed(name: str) -> int | None:
    """Bytes that a process needs to hold the model `name`; None where it is not on this machine yet."""
    numbers = _numbers(name, depth=0)
    return None if numbers is None else OWN_BYTES + WIDTH * numbers


def _numbers(name: str, depth: int) -> int | None:
    folder = _folder(name)
    if folder is None or depth > 8:
        return None
    if (folder / "model" / ABOUT).is_file() and not (folder / "config.json").is_file():
        folder = folder / "model"
    try:
        own = sum(math.prod(each.shape) for file in folder.glob("*.safetensors") for each in tensors_of(file))
    except UserMistake:
        return None
    if not (folder / "adapter_config.json").is_file():
        return own or None
    base = read_if_there(folder / ABOUT).get("base", {})
    path = base.get("path") or ""
    below = _numbers(path if path and Path(path).is_dir() else str(base.get("name", "")), depth + 1)
    return None if below is None else own + below


def _folder(name: str) -> Path | None:
    if name == ALIAS:
        return cached_folder()
    root = models_root()
    try:
        places = [named_path(name, ModelMistake), *([root / name] if root else [])]
    except ModelMistake:
        return None  # the base that a damaged record names
    return next((place for place in places if name and place.is_dir()), None)
