"""A recipe over tasks that have an instruction: which encodings it tunes through, and which it asks through."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from unseen.errors import Mistakes, RecipeMistake, UserMistake
from unseen.evaluation.prediction_file import read_predictions
from unseen.recipe import Recipe
from unseen.section import check_model
from unseen.study.prepare import Prepared, prepare
from unseen.study.run import tune

TRAIN = {"steps": 2, "examples_per_step": 4, "max_tokens": 700, "validation_rows": 4, "rank": 2}


def recipe(model: Path, **values: Any) -> Recipe:
    base = {"name": "instructed", "model": str(model), "seen": ["classification/*"], "unseen": ["title_generation/*"]}
    return check_model(Recipe, base | values, "test", RecipeMistake)


def ways(prepared: Prepared, side: str) -> set[tuple[str, ...]]:
    tasks = {"tuned": prepared.tuned_on, "seen": prepared.seen, "unseen": prepared.unseen}[side]
    return {tuple(way.name for way in task.templates) for task in tasks}


def test_without_a_word_tasks_are_put_as_their_collection_has_them(tiny_model: Path, home: Path) -> None:
    prepared = prepare(recipe(tiny_model))
    assert [ways(prepared, side) for side in ("tuned", "seen", "unseen")] == [{("natural_instructions",)}] * 3


def test_tuning_and_evaluation_have_encodings_of_their_own(tiny_model: Path, home: Path) -> None:
    asked = ["definition", {"layout": "natural_instructions", "without": ["avoid"]}]
    prepared = prepare(recipe(tiny_model, instructions="tk_instruct", evaluate={"instructions": asked}))
    assert ways(prepared, "tuned") == {("tk_instruct",)}
    assert ways(prepared, "seen") == ways(prepared, "unseen") == {("definition", "natural_instructions-avoid")}
    same = prepare(recipe(tiny_model, instructions=["tk_instruct", "input"]))
    assert ways(same, "tuned") == ways(same, "unseen") == {("tk_instruct", "input")}


def test_tasks_without_an_instruction_are_as_they_were(tiny_model: Path, home: Path) -> None:
    mixed = recipe(tiny_model, seen=["sentiment/film_notes", "classification/*"], instructions="definition")
    prepared = prepare(mixed)
    assert ways(prepared, "tuned") > {("definition",)}
    by_name = {task.name: task for task in prepared.tuned_on}
    assert len(by_name["sentiment/film_notes"].templates) > 1


def test_another_encoding_is_another_run(tiny_model: Path, home: Path) -> None:
    settings: list[dict[str, Any]] = [
        {},
        {"instructions": "definition"},
        {"instructions": "tk_instruct"},
        {"instructions": "tk_instruct", "evaluate": {"instructions": "definition"}},
    ]
    assert len({prepare(recipe(tiny_model, **each)).fingerprint for each in settings}) == 4


def test_an_unseen_task_is_asked_any_of_its_rows_and_a_seen_one_those_kept_from_tuning(
    tiny_model: Path, home: Path, tmp_path: Path
) -> None:
    asked = {"rows": 3, "instructions": ["input", "definition"], "max_new_tokens": 2}
    done = tune(
        recipe(tiny_model, instructions=["tk_instruct", "definition"], train=TRAIN, evaluate=asked),
        out=tmp_path / "run",
    )
    predictions = list(read_predictions(done.folder / "predictions.parquet"))
    splits = Counter((each.side, each.split) for each in predictions)
    assert set(splits) == {("unseen", "all"), ("seen", "test")}
    assert all(each.row % 5 == 4 for each in predictions if each.side == "seen")
    assert Counter(each.template for each in predictions)["input"] == len(predictions) / 2
    assert {each.kind for each in predictions} == {"generate"}
    assert done.record["counts"]["examples"] == 8 and set(done.record["counts"]["cuts"]) <= {
        "boundary_moved", "exemplars_dropped", "field_trimmed"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"instructions": "defintion"}, "instructed: instructions: 'defintion'.*did you mean 'definition'"),
        ({"evaluate": {"instructions": ["foo:input"]}}, "evaluate.instructions: no layout 'foo'"),
        ({"instructions": {"without": ["negative"]}}, "'negative' is no part of the encoding 'tk_instruct'"),
        (
            {"instructions": "input", "seen": ["sentiment/*"], "unseen": ["nli/*"]},
            "none of .* tasks has one; leave it out, or name tasks of a collection",
        ),
    ],
)
def test_encodings_that_cannot_be_are_told_before_anything_is_read(
    tiny_model: Path, home: Path, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(RecipeMistake, match=words):
        prepare(recipe(tiny_model, **values))
    assert not (home / "cache" / "rows").exists()


def test_wrong_encodings_of_both_keys_are_told_together(tiny_model: Path, home: Path) -> None:
    wrong = recipe(tiny_model, instructions=["a", "b"], evaluate={"instructions": "c"})
    with pytest.raises(Mistakes) as caught:
        prepare(wrong)
    assert len(caught.value.lines) == 3


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"instructions": {"layot": "tk_instruct"}}, "did you mean 'layout'"),
        ({"instructions": {"parts": ["definitions"]}}, "instructions.parts.0: must be"),
        ({"instructions": ["input", "definition"], "templates": {"per_task": 1}}, "names 2 encodings, of which 1"),
        ({"evaluate": {"templates": 1, "instructions": ["input", "definition"]}}, "evaluate.instructions names 2"),
    ],
)
def test_what_a_recipe_says_wrong_of_encodings(tiny_model: Path, values: dict[str, Any], words: str) -> None:
    with pytest.raises(UserMistake, match=words):
        recipe(tiny_model, **values)
