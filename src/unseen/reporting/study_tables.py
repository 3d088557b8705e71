"""`unseen study plan` and `unseen study status` on the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from unseen.reporting.terminal import print_table

Record = dict[str, Any]


def print_standing(study: Record, folder: Path, as_json: bool) -> None:
    """A line for every arm and seed: its state, what it was given, and why it failed."""
    if as_json:
        print(json.dumps(study | {"folder": str(folder)}, ensure_ascii=False, indent=1))
        return
    print_table([_line(arm) for arm in study["arms"]], as_json=False)


def _line(arm: Record) -> Record:
    matched = arm.get("matched") or {}
    return {
        "arm": arm["name"],
        "seed": arm["seed"],
        "compared_with": arm["against"] or "",
        "state": arm["state"],
        "steps": matched.get("steps"),
        "examples": matched.get("examples"),
        "supervised_tokens": matched.get("supervised_tokens"),
        "why": arm.get("error") or "",
    }
