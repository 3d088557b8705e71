"""DELIA's algorithm (Zeng et al. 2024, arXiv 2408.10841) as a run really went through it, step by step.

The paper's seven steps stand in every record of a run that has new tokens, wordings or diverse data. A step's `facts`
are None while they are not known yet, and empty where the recipe does without it; `told` says them in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unseen.diversify.similarity import between_sides
from unseen.recipe import Recipe
from unseen.study.diverse import chats_file
from unseen.study.diverse_record import made_record
from unseen.study.exposures import Exposures
from unseen.study.prepare import Prepared
from unseen.study.step_words import words_of
from unseen.task.task import Task

Facts = dict[str, Any]
Drawn = Mapping[str, Exposures]
STEPS = (
    "take a pre-trained language model",
    "add new tokens and begin their rows",
    "sample diverse questions and answers from a language model",
    "diversify the instructions of the downstream data",
    "train on the downstream data",
    "train on examples drawn from the diverse data",
    "return the tuned model",
)


def is_delia(recipe: Recipe) -> bool:
    """Whether a recipe has a part of DELIA: new tokens, wordings, or diverse data."""
    return bool(recipe.tokens or recipe.diversity.ratio or recipe.diversity.wordings is not None)


def seven_steps(
    prepared: Prepared,
    tokens: Sequence[Mapping[str, Any]] | None = None,
    drawn: Drawn | None = None,
    saved: Facts | None = None,
) -> list[dict[str, Any]]:
    """The steps as far as they are known: `tokens` once the model has them, `drawn` once the examples are encoded,
    `saved` (see `saved_facts`) once it was tuned. No steps where the recipe has no part of DELIA."""
    if not is_delia(prepared.recipe):
        return []
    facts = (
        _model(prepared),
        _tokens(prepared.recipe, tokens),
        _diverse(prepared),
        _wordings(prepared),
        None if drawn is None else _downstream(prepared, drawn),
        None if drawn is None else _buffering(prepared, drawn),
        saved,
    )
    return [
        {"step": number, "paper": paper, "told": words_of(number, here), "facts": here}
        for number, (paper, here) in enumerate(zip(STEPS, facts, strict=True), 1)
    ]


def saved_facts(folder: Path, recipe: Recipe, training: Mapping[str, Any]) -> Facts:
    """What tuning left in the run folder: the files of its model, with their sizes in bytes."""
    model = folder / "model"
    files = {
        each.relative_to(folder).as_posix(): each.stat().st_size for each in sorted(model.rglob("*")) if each.is_file()
    }
    told = {name: training[name] for name in ("steps", "kept_step", "trained_parameters")}
    return {"method": recipe.train.method, **told, "files": files}


def _model(prepared: Prepared) -> Facts:
    model = prepared.model
    return {"model": model.name, "digest": model.digest, "revision": model.revision}


def _tokens(recipe: Recipe, tokens: Sequence[Mapping[str, Any]] | None) -> Facts | None:
    if not recipe.tokens:
        return {}
    if tokens is None:
        return None
    began = [{"text": each["text"], "id": each["id"], "began_from": each["start"]} for each in tokens]
    return {"tokens": began, "rows": recipe.train.new_rows}


def _diverse(prepared: Prepared) -> Facts:
    task = _diverse_task(prepared)
    if task is None:
        return {}
    name, settings = task.dataset.task, prepared.recipe.diversity
    counts = prepared.seen_rows.counts[name]
    return {
        "source": settings.source,
        "chats": counts["rows"],
        "dropped_for_overlap": counts["dropped_for_overlap"],
        "validation": counts["validation"],
        "digest": prepared.rows.digests()[f"{name}/train"],
        **made_record(chats_file(prepared.recipe)),
    }


def _wordings(prepared: Prepared) -> Facts:
    found = prepared.wordings.wordings
    if found is None:
        return {}
    return {
        "instruction": found.instruction,
        "made": {**asdict(found.made), "dropped": dict(found.made.dropped)},
        "train": len(found.of_side("train")),
        "test": len(found.of_side("test")),
        "special": [each.name for each in found.special],
        "largest_similarity": between_sides(found.wordings),
        "asked": list(prepared.recipe.evaluate.wordings),
    }


def _downstream(prepared: Prepared, drawn: Drawn) -> Facts:
    """Of each task: rows that there are, and what was drawn of them."""
    diverse = _diverse_task(prepared)
    tasks = [task for task in prepared.tuned_on if task is not diverse]
    there = {task.name: len(prepared.seen_rows.tune[task.name]) for task in tasks}
    return {"tasks": {name: {"rows_there": rows, **_counts(drawn.get(name))} for name, rows in there.items()}}


def _buffering(prepared: Prepared, drawn: Drawn) -> Facts:
    task, settings = _diverse_task(prepared), prepared.recipe.diversity
    if task is None:
        return {}
    found = drawn.get(task.name)
    examples = found.examples if found else 0
    others = sum(each.examples for name, each in drawn.items() if name != task.name)
    return {
        "examples": examples,
        "distinct": found.rows if found else 0,
        "repeated": found.repeated if found else 0,
        "ratio_asked": settings.ratio,
        "ratio_got": round(examples / others, 3) if others else None,
        "schedule": settings.schedule,
    }


def _counts(found: Exposures | None) -> dict[str, int]:
    return {"examples": 0, "rows": 0, "wordings": 0} if found is None else asdict(found)


def _diverse_task(prepared: Prepared) -> Task | None:
    """The task of diverse data, which comes last."""
    return prepared.tuned_on[-1] if prepared.recipe.diversity.ratio else None
