"""Study folders made by hand: arms whose true effects, and how they vary, are known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import PredictionWriter


@dataclass(frozen=True)
class Made:
    """A study's true values, in points: each arm's score is 50 + its effect; `seed`, `task`, `both` are standard
    deviations. An effect of None: the arm has not begun; a text: it failed with that."""

    arms: Mapping[str, float | str | None]
    baseline: str = "none"
    seeds: Sequence[int] = (0, 1, 2)
    tasks: Sequence[str] = ("nli/a", "nli/b", "qa/c", "qa/d")
    rows: int = 40
    templates: Sequence[float] = (-4.0, 0.0, 4.0)
    seed: float = 2.0
    task: float = 5.0
    both: float = 1.0
    tuning: float = 6.0  # what tuning adds to the base model, in every arm
    about: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    measure: Mapping[str, Any] = field(default_factory=dict)
    decision: Mapping[str, Any] = field(default_factory=dict)
    conflicts: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by arm: of what it was tuned on
    level: str = "dataset"
    asked_only: Sequence[str] = ()
    missing: Sequence[tuple[str, int]] = ()
    draw: int = 0


def write_study(folder: Path, made: Made) -> Path:
    """The folder as `unseen study run` leaves it."""
    random = np.random.default_rng(made.draw)
    levels = random.normal(0, made.task, len(made.tasks))
    easy = random.random((len(made.tasks), made.rows))
    arms = []
    for name, effect in made.arms.items():
        own_task = random.normal(0, made.both, len(made.tasks))
        for seed in made.seeds:
            arm = _entry(made, name, seed)
            arms.append(arm)
            run = folder / arm["folder"]
            run.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(effect, str):
                _json(run.with_name(f"{run.name}.json"), {"state": "failed", "error": effect})
            elif effect is not None and (name, seed) not in made.missing:
                away = random.normal(0, made.seed) + own_task + random.normal(0, made.both, len(made.tasks))
                tuned = name not in made.asked_only
                shift = effect + away if tuned else np.full(len(made.tasks), effect)
                _write_run(run, made, name, seed, levels, shift, easy, random)
    _json(folder / "study.json", _study(made, arms))
    return folder


def _entry(made: Made, name: str, seed: int) -> dict[str, Any]:
    against = "base" if made.baseline == "base" else None if name == made.baseline else made.baseline
    return {
        "name": name,
        "seed": seed,
        "about": dict(made.about.get(name, {"arm": name})),
        "against": against,
        "work": "ask" if name in made.asked_only else "tune",
        "folder": f"arms/{name}/seed-{seed}",
        "recipe": {},
    }


def _study(made: Made, arms: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "study": "made",
        "size": "small",
        "fingerprint": "ab" * 32,
        "file": "studies/made.yaml",
        "question": "Does the first arm do better than none?",
        "paper": {"source": "Somebody et al., 2022, section 4", "finding": "The first arm did better by 10 points."},
        "baseline": made.baseline,
        "seeds": list(made.seeds),
        "matched": "steps",
        "measure": {"side": "unseen", "metric": "first", "model": "tuned", "shots": 0, **made.measure},
        "decision": {"smallest": 2.0, "level": 0.05, **made.decision},
        "budget": {"hours": 2.0},
        "started": "2026-11-20T10:00:00+00:00",
        "versions": {"unseen": "0.1.0"},
        "arms": arms,
    }


def _write_run(
    run: Path,
    made: Made,
    name: str,
    seed: int,
    levels: np.ndarray,
    shift: np.ndarray,
    easy: np.ndarray,
    random: np.random.Generator,
) -> None:
    """`easy` makes a row easy for every model, so that models agree more than chance."""
    with PredictionWriter(run / "predictions.parquet") as writer:
        for place, task in enumerate(made.tasks):
            for row in range(made.rows):
                for number, template in enumerate(made.templates):
                    moved = np.clip((50 + levels[place] + template + shift[place]) / 100, 0, 1)
                    untuned = np.clip((50 + levels[place] + template - made.tuning) / 100, 0, 1)
                    luck = 0.5 * easy[place, row] + 0.5 * random.random()
                    shares = {"base": untuned} if name in made.asked_only else {"base": untuned, "tuned": moved}
                    if name in made.asked_only:
                        shares = {"base": moved}
                    for model, share in shares.items():
                        own = easy[place, row] if model == "base" and name not in made.asked_only else luck
                        writer.write(prediction(task, f"t{number}", row, model, bool(own < share)))
    _json(run / "record.json", _record(made, name, seed))


def prediction(task: str, template: str, row: int, model: str, right: bool) -> Prediction:
    return Prediction(
        task=task,
        template=template,
        split="test",
        row=row,
        side="unseen",
        model=model,
        shots=0,
        seed=0,
        kind="choose",
        plain=False,
        prompt="Is it?",
        text="yes" if right else "no",
        references=("yes",),
        metrics=("accuracy",),
        values={"accuracy": 100.0 * right},
    )


def _record(made: Made, name: str, seed: int) -> dict[str, Any]:
    tuned = name not in made.asked_only
    training = {"steps": 50, "supervised_tokens": 12_000, "batches": "trie", "sharing_ratio": 1.31, "group": 4}
    return {
        "name": f"made.{name}",
        "fingerprint": f"{seed}{'c' * 63}",
        "parameters": made.parameters.get(name),
        "command": "python -m unseen.study.arm",
        "started": "2026-11-20T10:00:00+00:00",
        "finished": "2026-11-20T10:10:00+00:00",
        "versions": {"unseen": "0.1.0", "torch": "2.13.0"},
        "recipe": {"seed": seed, "train": {"method": "lora"}},
        "tasks": {"seen": ["sentiment/x"], "unseen": list(made.tasks), "missing": {}},
        "model": {
            "name": "gemma-3-270m",
            "digest": "d" * 64,
            "revision": None,
            "instruction_tuned_on": "none",
            "conflicts": {task: made.conflicts.get(task, "none") for task in made.tasks},
        },
        "rows": {f"{task}/test": "e" * 64 for task in made.tasks},
        "hold_out": {"level": made.level, "overlap": "refuse", "counts": [], "coarser": {}, "unclean_unseen": {}},
        "counts": {"examples": 400, "rates": {"sentiment/x": 1.0}, **made.counts.get(name, {})} if tuned else None,
        "seconds": {"asking base": 60.0, "tuning": 240.0, "asking tuned": 60.0} if tuned else {"asking": 60.0},
        "training": training if tuned else {},
    }


def _json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
