"""A small catalog of rows that tests may change, and a recipe over it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unseen.errors import RecipeMistake
from unseen.recipe import Recipe
from unseen.section import check_model
from unseen.study.verify.outcome import Check
from unseen.study.verify.whole import verify_run

FAST = ("model",)  # what is not checked again, for a test that is done in seconds
NO_ANSWERS = ("answers", "replay")

WEATHER = ("rain", "wind", "sun", "fog", "snow", "hail", "frost", "storm")
DESCRIPTION = """
dataset: {name}
cluster: {cluster}
origin: [{name}]
language: en
licence: CC0-1.0
source: {{files: {{train: {name}.train.jsonl, test: {name}.test.jsonl}}}}
labels: {{column: label, words: ["no", "yes"]}}
metrics: [accuracy]
templates:
  - name: asked
    prompt: "{{{{ text }}}} {question}"
    answer_choices: ["no", "yes"]
    completion: "{{{{ answer_choices[label] }}}}"
"""
DATASETS = {"days": ("weather", "Was it wet?"), "rooms": ("houses", "Is it warm?")}


def make_catalog(folder: Path) -> Path:
    """Two datasets of two clusters, 24 and 8 rows each."""
    folder.mkdir(parents=True)
    for name, (cluster, question) in DATASETS.items():
        (folder / f"{name}.yaml").write_text(DESCRIPTION.format(name=name, cluster=cluster, question=question))
        for split, count in (("train", 24), ("test", 8)):
            rows = [{"text": text_of(name, split, number), "label": number % 2} for number in range(count)]
            (folder / f"{name}.{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def text_of(name: str, split: str, number: int) -> str:
    return f"{name} {split} {number}: {WEATHER[number % 8]} and {WEATHER[(number * 3 + 1) % 8]}."


def recipe_over(catalog: Path, model: Path, **train: Any) -> Recipe:
    values = {
        "name": "verified",
        "model": str(model),
        "catalogs": [str(catalog)],
        "seen": ["weather/days"],
        "unseen": ["houses/rooms"],
        "train": {
            "steps": 3,
            "examples_per_step": 3,
            "precision": "float32",
            "rank": 4,
            "dropout": 0.1,
            "validation_rows": 2,
            "learning_rate": 1e-3,
            **train,
        },
        "evaluate": {"rows": 4, "plain_base": False},
    }
    return check_model(Recipe, values, "verified", RecipeMistake)


def copied(run: Path, to: Path) -> Path:
    shutil.copytree(run, to)
    return to


def found(folder: Path, skip: tuple[str, ...] = FAST) -> dict[str, Check]:
    return {check.name: check for check in verify_run(folder, skip)}


def failing(checks: dict[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if check.outcome == "fails"}


def told(check: Check) -> str:
    return " | ".join(f"{each.where}: {each.recorded} -> {each.found}" for each in check.differences)


def edited(path: Path, change: Callable[[Any], None]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))
