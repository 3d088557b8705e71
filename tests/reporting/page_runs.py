"""Run folders for the tests of the page, written through the project's own writers from made-up answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from unseen.evaluation.prediction import Prediction, Side
from unseen.evaluation.prediction_file import PredictionWriter
from unseen.recipe import Recipe
from unseen.study.record import write_record
from unseen.study.scoring import score_predictions
from unseen.task.leakage import Wording
from unseen.task.proof import Pair, PairCount, Proof
from unseen.task.texts import Compared
from unseen.train.steplog import StepLine

# What only rows say, so that a page without rows must not hold it.
ROW = "Marigold sold the tandem in Reykholt"
LEAK = "seventeen lanterns hang over the ferry quay"
HOSTILE = '</pre><script>alert("x")</script><img src=x onerror=alert(1)>\x00 \u202e & "quoted" \'single\''
CHOICES = ("entailed by it", "ruled out by it")
TASKS: tuple[tuple[str, Side, str], ...] = (
    ("nli/small", "unseen", "choose"),
    ("nli/other", "unseen", "choose"),
    ("talk/say", "unseen", "generate"),
    ("films/liked", "seen", "choose"),
)
RECIPE = Recipe(name="little", seen=("films/*",), unseen=("nli/*", "talk/*"))


def answers(rows: int = 12, gain: float = 0.5, prompt: str = ROW) -> Iterator[Prediction]:
    """Base and tuned answers of every task; the tuned model is right more often by `gain`."""
    random = np.random.default_rng(0)
    for task, side, kind in TASKS:
        for model, share in (("base", 0.3), ("tuned", 0.3 + gain)):
            for template, plain in (("ask", False), ("tell", False), ("terse", True)):
                if not (plain and model == "tuned"):
                    for row in range(rows):
                        right = bool(random.random() < share)
                        made = _chosen if kind == "choose" else _said
                        yield replace(
                            made(right, row, prompt), task=task, side=side, model=model, template=template, plain=plain
                        )


def _chosen(right: bool, row: int, prompt: str) -> Prediction:
    correct = row % 2
    chosen = correct if right else 1 - correct
    return replace(
        _asked(row, prompt),
        kind="choose", text=CHOICES[chosen], references=(CHOICES[correct],), metrics=("accuracy",),
        values={"accuracy": 100.0 * right}, choices=CHOICES, correct=correct, chosen=chosen,
        log_probs=(-1.25, -2.5) if chosen == 0 else (-2.5, -1.25), lengths=(3, 3), margin=1.25,
    )  # fmt: skip


def _said(right: bool, row: int, prompt: str) -> Prediction:
    said = f"{LEAK} {row}"
    return replace(
        _asked(row, prompt),
        kind="generate", text=said if right else "nothing", references=(said,), metrics=("rouge_l",),
        values={"rouge_l": 100.0 if right else 12.5},
    )  # fmt: skip


def _asked(row: int, prompt: str) -> Prediction:
    return Prediction(
        task="", template="", split="test", row=row, side="unseen", model="", shots=0, seed=0, kind="choose",
        plain=False, prompt=f"{prompt} {row}?", text="", references=(), metrics=(),
    )  # fmt: skip


def proof(**changes: Any) -> dict[str, Any]:
    """A proof with one pair of rows that share text."""
    pair = Pair("equal", 1.0, "films/liked", "train:3", "nli/small", "test:4", "00aa", "00bb", ROW, ROW, LEAK)
    made = Proof(
        level="cluster", overlap="drop_seen", ngram=13, near=0.9, seen=("films/liked",),
        unseen=("nli/small", "nli/other"), coarser={}, compared_seen=(Compared("films/liked", 40, 0, 80, "dd"),),
        compared_unseen=(Compared("nli/small", 12, 0, 24, "ee"),), wordings=(Wording("films/liked", 5, 30, LEAK),),
        counts=(PairCount("films/liked", "nli/small", 1, 1, {"equal": 1}),), pairs=(pair,),
        dropped_seen={"films/liked": (3,)}, unclean_unseen={"nli/small": (4,)},
    )  # fmt: skip
    return replace(made, **changes).as_json()


def record(**changes: Any) -> dict[str, Any]:
    """The record of a finished run, without its summary."""
    return {
        "name": "little",
        "fingerprint": "f1" * 32,
        "command": "unseen tune little.yaml --set seed=0",
        "started": "2026-01-01T00:00:00+00:00",
        "versions": {"unseen": "0.1.0", "torch": "2.13.0"},
        "recipe": RECIPE.canonical(),
        "tasks": {
            "seen": ["films/liked", "films/liked:turned"],
            "unseen": [name for name, side, _ in TASKS if side == "unseen"],
        },
        "model": {
            "name": "tiny", "digest": "d1" * 32, "revision": None, "instruction_tuned_on": ["chats"],
            "conflicts": {"nli/small": "none", "nli/other": "none", "talk/say": "none"},
        },
        "rows": {f"{task}/test": f"rows of {task}" for task, *_ in TASKS},
        "hold_out": proof(),
        "seen_side": None,
        "counts": {
            "examples": 64, "empty_renderings": 3, "too_long": 5, "cuts": {"rows": 2}, "drawn": {"films/liked": 64},
            "validation_examples": 8,
            "rows": {"films/liked": {
                "rows": 40, "unlabelled": 7, "dropped_for_overlap": 1, "validation": 8, "tuned_on": 24,
            }},
        },
        "seconds": {"tuning": 61.0},
        "training": {
            "kept_step": 3,
            "trained_parameters": 1234,
            "precision": "float32",
            "batches": "trie",
            "sharing_ratio": 2.4,
            "group": 4,
        },
        "left_out": {"unseen: nli/small: unlabelled rows": 9},
        "finished": "2026-01-01T00:10:00+00:00",
    } | changes  # fmt: skip


def write_run(
    folder: Path, predictions: list[Prediction], unclean: dict[str, list[int]] | None = None, **changes: Any
) -> Path:
    """A finished run folder; `changes` go into its record."""
    folder.mkdir(parents=True)
    with PredictionWriter(folder / "predictions.parquet") as writer:
        for prediction in predictions:
            writer.write(prediction)
    summary = score_predictions(folder, predictions, unclean or {}, (), 0)
    write_steps(folder)
    write_record(folder, record(summary=summary) | changes)
    return folder


def write_steps(folder: Path, steps: int = 3) -> None:
    lines = [
        StepLine(n, 4.0 / n, 1e-4, 1.0, 20, 90, 88, 60, 100, 0.5, n / 3, 2.0 if n == steps else None)
        for n in range(1, steps + 1)
    ]
    (folder / "steps.jsonl").write_text("".join(json.dumps(asdict(line)) + "\n" for line in lines))
