"""Writing a tuned model to a folder that `resolve` and `load_model` take."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unseen.encode.declared import write_declared
from unseen.fulldisk import RESUME, whole_folder
from unseen.model.adapter import is_adapted, save_adapter
from unseen.model.description import TunedOn
from unseen.model.folder import ABOUT, ModelFolder
from unseen.model.load import LanguageModel
from unseen.model.new_token import NewToken
from unseen.model.new_tokens import save_rows
from unseen.model.quiet import quiet_transformers

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "generation_config.json",
)


def save_model(model: LanguageModel, folder: Path, tasks: Sequence[str] = (), origins: Sequence[str] = ()) -> Path:
    """Write `model` to `folder`, which appears only when it is complete: an adapter with the name and digest of its
    base, or the whole model as safetensors; its tokenizer; and `unseen.json`, which says what it was tuned on.

    `tasks` are the names of the seen tasks, `origins` the published datasets that their rows come from. Raises
    `DiskFull` where there is no room.
    """
    with whole_folder(folder, "the tuned model", RESUME, _size(model.module)) as unfinished:
        _save_weights(model.module, unfinished)
        save_tokenizer(model, unfinished)
        if model.new_rows is not None and is_adapted(model.module):
            save_rows(model.new_rows, unfinished)
        about = _about(model, tasks, origins)
        (unfinished / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return folder


def _size(module: Any) -> int | None:
    """Bytes of the weights that are written; of an adapter it is not worth telling."""
    return None if is_adapted(module) else sum(each.nbytes for each in module.parameters())


def save_tokenizer(model: LanguageModel, folder: Path) -> None:
    """Write the files of the model's tokenizer, new tokens among them."""
    for name in TOKENIZER_FILES:
        source = model.folder.tokenizer / name
        if source.is_file():
            shutil.copyfile(source, folder / name)
    if model.tokenizer.declared:
        write_declared(folder, model.tokenizer.declared)


def _save_weights(module: Any, folder: Path) -> None:
    with quiet_transformers():
        if is_adapted(module):
            save_adapter(module, folder)
        else:
            module.save_pretrained(folder)


def _about(model: LanguageModel, tasks: Sequence[str], origins: Sequence[str]) -> dict[str, Any]:
    base = _base(model.folder)
    tuned_on = tuned_further(model.folder.instruction_tuned_on, origins)
    tokens = _tokens(model)
    return {
        "base": base,
        "base_bits": model.base_bits,
        "method": method_of(model.module),
        **({"tokens": [each.to_json() for each in tokens]} if tokens else {}),
        "tasks": list(tasks),
        "tuned_here": list(dict.fromkeys([*model.folder.tuned_here, *origins])),
        "instruction_tuned_on": tuned_on if isinstance(tuned_on, str) else list(tuned_on),
    }


def _tokens(model: LanguageModel) -> list[NewToken]:
    """Those that this tuning gave; a whole model has those of its bases too, which nothing else will name."""
    own = model.new_rows.tokens if model.new_rows is not None else ()
    before = () if is_adapted(model.module) else model.folder.all_tokens
    return list({each.text: each for each in (*before, *own)}.values())


def method_of(module: Any) -> str:
    """How `module` was tuned, as `train.method` names it."""
    if not is_adapted(module):
        return "full"
    return "tokens" if module.active_peft_config.peft_type == "TRAINABLE_TOKENS" else "lora"


def _base(folder: ModelFolder) -> dict[str, Any]:
    is_run = folder.base is not None and Path(folder.name).exists()  # its revision is that of the base below it
    revision = None if is_run else folder.revision
    local = revision is None and not folder.embedded
    return {
        "name": folder.name if revision is None else f"{folder.name.partition('@')[0]}@{revision}",
        "digest": folder.digest,
        "path": str(folder.path) if local else None,
    }


def tuned_further(before: TunedOn, origins: Sequence[str]) -> TunedOn:
    """What a model was instruction-tuned on after tuning on `origins` too; what is unknown stays unknown."""
    if before == "unknown":
        return "unknown"
    earlier = () if before == "none" else before
    return tuple(dict.fromkeys([*earlier, *origins]))
