"""The files of a model folder, checked before anything heavy is imported, and the digest of what they hold."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unseen.errors import ModelMistake, UserMistake, raise_all
from unseen.model.safetensors_file import tensors_digest, tensors_of

PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.msgpack", "*.h5")
INDEX = "model.safetensors.index.json"
WITHOUT_EFFECT = {"_name_or_path", "transformers_version", "torch_dtype", "dtype", "_from_model_config"}
TO_SAFETENSORS = "convert them where you trust them: from_pretrained(folder).save_pretrained(folder)"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a sound model folder holds. `remote_code` says that its configuration names code of its own to run."""

    config: dict[str, Any]
    weights: tuple[Path, ...]
    remote_code: bool

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return sum(file.stat().st_size for file in self.weights)

    @property
    def digest(self) -> str:
        """SHA-256 of the weights and of the configuration that they run under."""
        config = {key: value for key, value in self.config.items() if key not in WITHOUT_EFFECT}
        text = json.dumps(config, sort_keys=True) + tensors_digest(self.weights)
        return hashlib.sha256(text.encode()).hexdigest()


def contents_of(folder: Path) -> Contents:
    """The model in `folder`: configuration, safetensors, tokenizer.

    Raises `ModelMistake`, one for each thing that is missing or damaged, all of them together.
    """
    mistakes: list[UserMistake] = []
    config: dict[str, Any] = {}
    weights: list[Path] = []
    try:
        config = _config(folder)
    except UserMistake as mistake:
        mistakes.append(mistake)
    try:
        weights = _weights(folder)
    except UserMistake as mistake:
        mistakes.append(mistake)
    if not (folder / "tokenizer.json").is_file():
        remedy = "save it too: AutoTokenizer.from_pretrained(...).save_pretrained(folder)"
        mistakes.append(ModelMistake(str(folder), "has no tokenizer.json", remedy))
    raise_all(mistakes)
    return Contents(config, tuple(weights), bool(config.get("auto_map")))


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`, which is there. Raises `ModelMistake` naming the file."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise ModelMistake(str(path), f"is not JSON ({error})", "download or save the model again") from None
    if not isinstance(values, dict):
        raise ModelMistake(str(path), "does not hold a JSON object", "download or save the model again")
    return values


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise ModelMistake(str(folder), "has no config.json", "name a folder that save_pretrained wrote")
    config = read_json(path)
    if not isinstance(config.get("model_type"), str):
        raise ModelMistake(str(path), "names no model_type", "name a folder that save_pretrained wrote")
    return config


def _weights(folder: Path) -> list[Path]:
    """The safetensors files of `folder`, each looked into; by the index where there is one."""
    index = folder / INDEX
    files = _indexed(index) if index.is_file() else sorted(folder.glob("*.safetensors"))
    files = [file for file in files if not file.name.startswith(("adapter_model", "consolidated"))]
    if not files:
        pickled = sorted(each.name for pattern in PICKLED for each in folder.glob(pattern))
        if pickled:
            what = f"has its weights only as pickled or foreign files ({', '.join(pickled[:3])}), which can run code"
            raise ModelMistake(str(folder), what, TO_SAFETENSORS)
        raise ModelMistake(str(folder), "has no weights (*.safetensors)", "name a folder that save_pretrained wrote")
    for file in files:
        tensors_of(file)
    return files


def _indexed(index: Path) -> list[Path]:
    """The shards that the index names. Raises `ModelMistake` naming absent shards, or tensors that none holds."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise ModelMistake(str(index), "has no weight_map", "download or save the model again")
    files = [index.parent / Path(name).name for name in sorted(set(weight_map.values()))]
    absent = [file.name for file in files if not file.is_file()]
    if absent:
        what = f"names {len(absent)} of {len(files)} shards that are not there ({', '.join(absent[:3])})"
        raise ModelMistake(str(index), what, "download them")
    held = {tensor.name for file in files for tensor in tensors_of(file)}
    missing = sorted(set(weight_map) - held)
    if missing:
        raise ModelMistake(str(index), f"names tensors that no shard holds ({missing[0]})", "download the model again")
    return files
