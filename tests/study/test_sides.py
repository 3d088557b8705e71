"""Rows that stand on both sides: what each way of dealing with them tunes on, asks, and scores apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unseen.evaluation.prediction_file import read_predictions
from unseen.recipe import Recipe, load_recipe
from unseen.study.run import Run, tune

SENTENCES = (
    "The lighthouse keeper painted the stairs green before the winter storms came back to the island.",
    "Our train stood for an hour outside the tunnel because a cow had lain down on the warm rails.",
    "Grandmother's recipe for plum cake asks for more butter than any honest person would admit.",
    "A heron stood on the roof of the library all morning and looked down at the readers below.",
    "The council voted to keep the old clock although it has been four minutes late since the war.",
    "Two boys from the village built a raft of barrels and sailed it as far as the second bridge.",
    "Every Thursday the baker gives his unsold rolls to whoever waits quietly by the back door.",
    "The museum has lent its stuffed bear to the school, where it now wears a paper crown.",
    "She repaired the accordion with glue from the shoemaker, and it has wheezed ever since.",
    "No one could say why the fountain ran warm that week, but the pigeons were delighted by it.",
    "The choir sang outdoors in March, wrapped in blankets that the hotel had brought for them.",
    "My neighbour grows pears on the south wall and leaves the windfalls to the hedgehogs.",
)
TEMPLATE = {
    "name": "cheerful",
    "prompt": "{{ text }}\nCheerful?",
    "answer_choices": ["no", "yes"],
    "completion": "{{ answer_choices[label] }}",
}


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """Two datasets: `one` has six train rows, of which `two` and its own test split repeat two."""
    folder = tmp_path / "catalog"
    folder.mkdir()
    splits = {"one": {"train": range(6), "test": range(4, 9)}, "two": {"train": range(9, 12), "test": range(4, 9)}}
    for name, parts in splits.items():
        description = {
            "dataset": name,
            "cluster": f"cluster_{name}",
            "source": {"files": {split: f"{name}_{split}.jsonl" for split in parts}},
            "labels": {"column": "label", "words": ["no", "yes"]},
            "templates": [TEMPLATE],
        }
        (folder / f"{name}.yaml").write_text(json.dumps(description))
        for split, rows in parts.items():
            lines = [json.dumps({"text": SENTENCES[row], "label": row % 2}) for row in rows]
            (folder / f"{name}_{split}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def run_with(catalog: Path, model: Path, **values: Any) -> Run:
    file = catalog.parent / "recipe.yaml"
    train = {"steps": 1, "examples_per_step": 2, "precision": "float32", "rank": 2, "validation_rows": 0}
    said = {
        "name": "sides",
        "model": str(model),
        "catalogs": [str(catalog)],
        "train": train,
        "evaluate": {"rows": 100, "plain_base": False},
        **values,
    }
    file.write_text(json.dumps(said))
    recipe: Recipe = load_recipe(file)
    return tune(recipe, catalog.parent / "run")


def asked(run: Run, side: str) -> set[int]:
    return {p.row for p in read_predictions(run.folder / "predictions.parquet") if p.side == side}


def sides_scored(run: Run) -> set[str]:
    return {row["side"] for row in json.loads((run.folder / "scores.json").read_text())}


def test_dropped_seen_rows_leave_both_sides_whole(catalog: Path, tiny_model: Path, home: Path) -> None:
    run = run_with(
        catalog,
        tiny_model,
        seen=["cluster_one/*"],
        unseen=["cluster_two/*"],
        hold_out={"level": "cluster", "overlap": "drop_seen"},
    )
    assert run.record["counts"]["rows"]["cluster_one/one"]["dropped_for_overlap"] == 2
    assert asked(run, "unseen") == asked(run, "seen") == {0, 1, 2, 3, 4}
    assert sides_scored(run) == {"seen", "unseen"} and not run.record["left_out"]


def test_a_clean_subset_is_scored_beside_the_whole(catalog: Path, tiny_model: Path, home: Path) -> None:
    run = run_with(
        catalog,
        tiny_model,
        seen=["cluster_one/*"],
        unseen=["cluster_two/*"],
        hold_out={"level": "cluster", "overlap": "clean_subset"},
    )
    scores = json.loads((run.folder / "scores.json").read_text())
    counts = {row["side"]: row["count"] for row in scores if row["task"] == "cluster_two/two"}
    assert counts == {"unseen": 5, "unseen_clean": 3}
    assert asked(run, "seen") == {2, 3, 4}
    assert run.record["left_out"] == {"seen: cluster_one/one: rows that meet one tuned on": 2}


def test_at_level_row_the_unseen_side_keeps_its_rows(catalog: Path, tiny_model: Path, home: Path) -> None:
    run = run_with(
        catalog,
        tiny_model,
        seen=["cluster_one/*"],
        unseen=["cluster_one/*"],
        hold_out={"level": "row", "overlap": "clean_subset"},
    )
    assert asked(run, "unseen") == {0, 1, 2, 3, 4} and asked(run, "seen") == {2, 3, 4}


def test_a_task_that_the_start_model_was_tuned_on_is_left_out_of_the_means(
    catalog: Path, tiny_model: Path, home: Path
) -> None:
    first = run_with(catalog, tiny_model, seen=["cluster_one/*"], unseen=[], hold_out={"level": "cluster"})
    first.folder.rename(first.folder.with_name("before"))
    again = run_with(
        catalog,
        first.folder.with_name("before"),
        seen=["cluster_two/*"],
        unseen=["cluster_one/*"],
        hold_out={"level": "cluster", "overlap": "clean_subset"},
    )
    assert again.record["model"]["conflicts"] == {"cluster_one/one": ("one",)}
    means = [row for row in json.loads((again.folder / "scores.json").read_text()) if row["task"] is None]
    assert means and {row["side"] for row in means} == {"seen"}
