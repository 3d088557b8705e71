"""Unseen rows of seen tasks are asked and reported beside the unseen side, whatever the level of the claim."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unseen.errors import RecipeMistake
from unseen.recipe import Recipe
from unseen.reporting.page import report
from unseen.section import check_model
from unseen.study.run import tune

SIDES = {
    "cluster": (["sentiment/film_notes"], ["nli/fact_follows"]),
    "dataset": (["sentiment/film_notes"], ["sentiment/shop_reviews"]),
    "task": (["closed_book_qa/world_facts"], ["closed_book_qa/nature_facts"]),
    "row": (["sentiment/film_notes"], ["sentiment/film_notes"]),
}


@pytest.mark.parametrize("level", list(SIDES))
def test_seen_tasks_are_scored_beside_unseen_ones_at_every_level(level: str, recipe: Recipe, tmp_path: Path) -> None:
    seen, unseen = SIDES[level]
    values: dict[str, Any] = recipe.canonical() | {"seen": seen, "unseen": unseen}
    values |= {"hold_out": {"level": level, "overlap": "drop_seen"}}
    values["train"] |= {"steps": 1, "validation_rows": 0}
    values["evaluate"] |= {"shots": [0], "plain_base": False}
    run = tune(check_model(Recipe, values, level, RecipeMistake), out=tmp_path / level)
    scores = json.loads((run.folder / "scores.json").read_text())
    asked = {
        side: {row["task"] for row in scores if row["side"] == side and row["task"]} for side in ("seen", "unseen")
    }
    assert asked == {"seen": set(seen), "unseen": set(unseen)}
    record = json.loads((run.folder / "record.json").read_text())
    assert record["hold_out"]["level"] == level and record["seen_side"]["level"] == "row"
    page = report([run.folder]).read_text()
    assert f"Claim at level {level}" in page and "seen tasks (new rows)" in page
