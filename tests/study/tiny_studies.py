"""Studies small enough for a test, over a tiny random model."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from unseen.evaluation.prediction_file import read_predictions
from unseen.study.study_file import Study, load_study

BASE = {
    "seen": ["sentiment/film_notes", "struct_to_text/cafe_cards"],
    "unseen": ["nli/fact_follows"],
    "templates": {"per_task": 2},
    "train": {
        "steps": 4,
        "examples_per_step": 4,
        "precision": "float32",
        "rank": 4,
        "validation_rows": 4,
        "validate_every": 2,
        "checkpoint_every": 1,
        "learning_rate": 1e-3,
    },
    "evaluate": {"rows": 4, "max_new_tokens": 4},
}
ARMS = [{"name": "all"}, {"grid": "values", "key": "train.rank", "values": [2]}]


def tiny_study(folder: Path, model: Path, base: dict[str, Any] | None = None, **values: Any) -> Study:
    """A study of two arms with one seed, its file in `folder`; `values` change it, `base` its recipe values."""
    said = {
        "study": "tiny",
        "question": "Does the rank matter?",
        "base": {**BASE, "model": str(model), **(base or {})},
        "arms": ARMS,
        "baseline": "all",
        "seeds": [0],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump({**said, **values}), encoding="utf-8")
    return load_study(path)


def same_table(one: Path, two: Path) -> bool:
    """Whether two runs answered the same and lost the same in tuning, digit for digit; log-probabilities up to what
    the place of numbers in memory changes in a product of float32."""
    (said, close), (other, near) = _answers(one), _answers(two)
    assert said == other and _losses(one) == _losses(two)
    assert close == pytest.approx(near, abs=1e-4)
    return len(said) > 0


def _answers(run: Path) -> tuple[list[dict[str, Any]], list[float]]:
    found = [asdict(each) for each in read_predictions(run / "predictions.parquet")]
    moving = [number for each in found for name in ("log_probs", "unconditional") for number in each.pop(name) or ()]
    return [{name: value for name, value in each.items() if name != "margin"} for each in found], moving


def _losses(run: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (run / "steps.jsonl").read_text().splitlines()]
