"""A tuned model as a plain transformers folder: its adapters merged, its new tokens in the embedding and tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from unseen.errors import ModelMistake
from unseen.fulldisk import AGAIN, whole_folder
from unseen.model.adapter import merged
from unseen.model.folder import ABOUT, ModelFolder, resolve
from unseen.model.load import LanguageModel, load_model
from unseen.model.quiet import quiet_transformers
from unseen.model.save import save_tokenizer


def export_merged(model: str, folder: Path, trust_remote_code: bool = False) -> Path:
    """Write what `model` names (a run folder, say) to `folder`, for `AutoModelForCausalLM` and `AutoTokenizer`.

    Weights are float32. They are those of the merged model bit by bit, whose logits differ from the adapter's by
    rounding. The folder appears only when it is complete; `unseen.json` in it says what the model was tuned on. Raises
    `ModelMistake` where `folder` holds something, where the model cannot be used, or where its base is quantised, which
    merging would round. Raises `DiskFull` where there is no room.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ModelMistake(str(folder), "is there already", "name a folder that is empty, or not there")
    found = resolve(model)
    if found.base_bits:
        what = f"has an adapter on a base of {found.base_bits} bits, which cannot be merged without rounding"
        raise ModelMistake(model, what, "use the run's own folder")
    loaded = load_model(found, "float32", trust_remote_code)
    size = sum(each.nbytes for each in loaded.module.parameters())
    with whole_folder(folder, "the merged model", AGAIN, size) as unfinished:
        _write(loaded, unfinished)
    return folder


def _write(model: LanguageModel, folder: Path) -> None:
    with quiet_transformers():
        merged(model.module).save_pretrained(folder)
    save_tokenizer(model, folder)
    (folder / ABOUT).write_text(json.dumps(_about(model.folder), indent=2) + "\n", encoding="utf-8")


def _about(folder: ModelFolder) -> dict[str, Any]:
    """What stays true of the model once it stands alone."""
    on = folder.instruction_tuned_on
    return {
        "instruction_tuned_on": on if isinstance(on, str) else list(on),
        "tuned_here": list(folder.tuned_here),
        "tokens": [each.to_json() for each in folder.all_tokens],
    }
