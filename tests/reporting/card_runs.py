"""Run folders that left an adapter, for the tests of the model card and of pushing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from page_runs import answers, proof, write_run

ABOUT = {
    "base": {"name": "tiny", "digest": "d1" * 32, "path": "/home/me/models/tiny"},
    "base_bits": None,
    "method": "lora",
    "tasks": ["films/liked"],
    "tuned_here": ["films"],
    "instruction_tuned_on": ["chats", "films"],
}


def write_tuned(folder: Path, weights: bytes = b"weights", about: dict[str, Any] | None = None, **changes: Any) -> Path:
    """A finished run with `model/` in it; `changes` go into its record, `about` into unseen.json."""
    write_run(folder, list(answers()), **{"hold_out": proof(), **changes})
    model = folder / "model"
    model.mkdir()
    (model / "adapter_model.safetensors").write_bytes(weights)
    settings = {"task_type": "CAUSAL_LM", "base_model_name_or_path": "/home/me/models/tiny"}
    (model / "adapter_config.json").write_text(json.dumps(settings) + "\n")
    (model / "unseen.json").write_text(json.dumps(ABOUT | (about or {})) + "\n")
    return folder
