"""Runs small enough for a test of the probes: a tiny random model, tuned on one wording and on many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from unseen.errors import RecipeMistake
from unseen.recipe import Recipe
from unseen.section import check_model
from unseen.study.run import tune

WORDINGS = Path(__file__).parents[2] / "studies" / "wordings" / "shift_notes.yaml"
DESCRIPTION = "a dictionary with where it is and whether it is urgent"
CHATS = 24


def values_of(**changes: Any) -> dict[str, Any]:
    values = {
        "name": "probed",
        "model": "tiny-random-llama",
        "seen": ["formatted_text/shift_notes"],
        "tokens": {"<slip>": {"description": DESCRIPTION}},
        "templates": {"per_task": 61},
        "diversity": {"wordings": str(WORDINGS)},
        "mixture": {"rows": 16},
        "train": {"steps": 4, "examples_per_step": 4, "rank": 2, "precision": "float32", "validation_rows": 0,
                  "learning_rate": 0.01, "max_tokens": 512, "checkpoint_every": 1, "new_rows": "learn"},
        "evaluate": {"wordings": ["unseen"], "templates": 1, "rows": 1, "max_new_tokens": 3, "base": False},
    }  # fmt: skip
    for key, value in changes.items():
        section, _, name = key.partition("__")
        if name:
            values[section] = {**values.get(section, {}), name: value}
        else:
            values[section] = value
    return values


def tuned(folder: Path, **changes: Any) -> Path:
    """A run of the recipe, with some values changed: `train__steps=2`."""
    recipe = check_model(Recipe, values_of(**changes), "probed", RecipeMistake)
    return tune(recipe, folder).folder


def recipe_file(path: Path, **changes: Any) -> Path:
    path.write_text(yaml.safe_dump(values_of(**changes)), encoding="utf-8")
    return path


def chats(folder: Path) -> Path:
    """Diverse data as `unseen diversify questions` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    said = [(f"How does a {n} wheeled cart turn?", f"With {n + 1} hands, and slowly.") for n in range(CHATS)]
    lines = [
        {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]}
        for asked, answer in said
    ]
    (folder / "chats.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return folder
