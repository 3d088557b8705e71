"""A mixture over several languages, from recipe to scores."""

from __future__ import annotations

from pathlib import Path

from unseen.evaluation.prediction_file import read_predictions
from unseen.recipe import Recipe
from unseen.study.run import tune
from unseen.task.catalog import load_catalog

SEEN = ["*/task12*", "*/task15_german*", "*/task16_spanish*"]
FEW = {"rows": 2, "shots": [0], "max_new_tokens": 4}


def changed(recipe: Recipe, **values: object) -> Recipe:
    said = recipe.canonical()
    said["train"] |= {"steps": 2, "examples_per_step": 6, "max_tokens": 512}
    said["evaluate"] |= FEW
    said["hold_out"] |= {"level": "dataset"}
    return Recipe.model_validate({**said, "seen": SEEN, "mixture": {"rate": "equal"}, "format": "plain", **values})


def test_a_mixture_over_three_languages_draws_from_each(recipe: Recipe, tmp_path: Path, home: Path) -> None:
    run = tune(changed(recipe, unseen=["*/task09*"]), tmp_path / "run")
    drawn = run.record["counts"]["drawn"]
    languages = {task.name: task.dataset.language for task in load_catalog(["shipped"]).match(SEEN)}
    assert set(drawn) == set(languages) and set(languages.values()) == {("en",), ("de",), ("es",)}
    assert sum(drawn.values()) == 12 and min(drawn.values()) > 0
    assert set(run.record["counts"]["rates"].values()) == {1 / 3}


def test_a_language_that_is_not_chosen_is_left_out_and_told(recipe: Recipe, tmp_path: Path, home: Path) -> None:
    run = tune(changed(recipe, unseen=["*/task16_spanish*"], seen=SEEN[:2], languages=["de", "es"]), tmp_path / "run")
    assert run.record["tasks"]["seen"] == ["classification/task15_german_film_classification"]
    assert [name.partition("/")[2][:6] for name in run.record["tasks"]["other_languages"]] == ["task12"]
    asked = {each.task for each in read_predictions(run.folder / "predictions.parquet") if each.side == "unseen"}
    assert asked == {"answer_generation/task16_spanish_answer_generation"}
