"""Dictionary hints in a recipe: asked with, never tuned with, in the fingerprint by content; and BLEURT beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bleurt_folders import save_bleurt

from unseen.errors import DataMistake, ModelMistake, RecipeMistake, ScoreMistake
from unseen.evaluation.metrics import check_metric
from unseen.evaluation.prediction_file import read_predictions
from unseen.model.bleurt import load_bleurt
from unseen.prompt.hints import HEADING
from unseen.recipe import Recipe, load_recipe
from unseen.section import check_model
from unseen.study.examples import TuningExamples
from unseen.study.prepare import prepare
from unseen.study.run import evaluate, tune
from unseen.study.verify.rescoring import check_judgements

TASK = "condensed_translation/short_sentences"
BOOK = "harbour\tHafen\t2\nfox\tFuchs\t1\nsalt\tSalz\t1\n"  # two of the sixteen test rows say harbour or fox, one salt
Write = Callable[[str, str], Path]


def recipe(model: Path, **values: Any) -> Recipe:
    said = {
        "name": "hinted",
        "model": str(model),
        "seen": [TASK],
        "tokens": {"<mt-de>": {}},
        "train": {"steps": 2, "examples_per_step": 4, "rank": 2, "precision": "float32", "validation_rows": 0},
        "evaluate": {"max_new_tokens": 2, "base": False, **values},
    }
    return check_model(Recipe, said, "recipe", RecipeMistake)


def test_rows_are_asked_with_hints_and_tuned_without(
    tiny_model: Path, write: Write, home: Path, tmp_path: Path
) -> None:
    hinted = recipe(tiny_model, hints={"dictionary": str(write("book.tsv", BOOK))})
    prepared = prepare(hinted)
    examples = TuningExamples(prepared.recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows)
    assert not any(HEADING in each.prompt for each, _ in zip(examples, range(44), strict=False))
    run = evaluate(hinted, tmp_path / "run")
    prompts = [each.prompt for each in read_predictions(run.folder / "predictions.parquet")]
    with_hints = [prompt for prompt in prompts if HEADING in prompt]
    assert sorted(prompt.rsplit("\n", 1)[1] for prompt in with_hints) == ["fox: Fuchs", "harbour: Hafen", "salt: Salz"]
    told = run.record["asked"]["hints"]
    assert (told["words"], told["prompts"], told["prompts_with_hints"]) == (3, 16, 3)


def test_what_the_dictionary_says_is_in_the_fingerprint_and_where_it_lies_is_not(
    tiny_model: Path, write: Write, home: Path
) -> None:
    files = {"one": BOOK, "same": f"# moved\n{BOOK}", "more": f"{BOOK}sea\tMeer\t1\n"}
    paths = {name: str(write(f"{name}.tsv", text)) for name, text in files.items()}
    found = {name: prepare(recipe(tiny_model, hints={"dictionary": path})).fingerprint for name, path in paths.items()}
    without = prepare(recipe(tiny_model)).fingerprint
    fewer = prepare(recipe(tiny_model, hints={"dictionary": paths["one"], "most": 1})).fingerprint
    assert found["one"] == found["same"]
    assert len({found["one"], found["more"], without, fewer}) == 4


def test_a_recipe_finds_the_dictionary_beside_it(write: Write) -> None:
    book = write("here/book.tsv", BOOK)
    said = f"name: beside\nseen: [{TASK}]\nevaluate: {{hints: {{dictionary: book.tsv}}}}\n"
    found = load_recipe(write("here/recipe.yaml", said))
    assert found.evaluate.hints is not None and found.evaluate.hints.dictionary == "book.tsv"
    assert found.place_of("book.tsv") == book


@pytest.mark.parametrize(
    ("values", "kind", "says"),
    [
        ({"hints": {"dictionary": "absent.tsv"}}, DataMistake, "no such file"),
        ({"hints": {"dictionary": "{book}", "column": "note"}}, RecipeMistake, "shows the column 'note'"),
        ({"hints": {"dictionary": "{book}"}, "formats": 3}, RecipeMistake, "leave formats and wording out"),
        ({"hints": {"dictionary": "{book}"}, "wording": "none"}, RecipeMistake, "leave formats and wording out"),
    ],
    ids=["no file", "another column", "formats", "wording"],
)
def test_hints_that_cannot_be_are_a_mistake(
    tiny_model: Path, write: Write, home: Path, values: dict[str, Any], kind: type[Exception], says: str
) -> None:
    path = str(write("book.tsv", BOOK))
    hints = {key: path if value == "{book}" else value for key, value in values["hints"].items()}
    with pytest.raises(kind) as caught:
        prepare(recipe(tiny_model, **{**values, "hints": hints}))
    assert says in str(caught.value)


def test_bleurt_is_one_more_metric_of_what_was_generated(tiny_model: Path, home: Path, tmp_path: Path) -> None:
    folder = save_bleurt(tmp_path / "bleurt")
    plain, judged = (recipe(tiny_model, rows=4, **more) for more in ({}, {"bleurt": str(folder)}))
    assert prepare(plain).fingerprint == prepare(judged).fingerprint
    run = tune(judged, tmp_path / "run")
    found = list(read_predictions(run.folder / "predictions.parquet"))
    bleurt = load_bleurt(folder)
    assert len(found) == 4
    for each in found:
        assert each.metrics == ("chrf", "bleu", "bleurt")
        wanted = 100 * bleurt.scores([each.references[0]], [each.text])[0]
        assert each.values["bleurt"] == pytest.approx(wanted, abs=1e-3)
    assert run.record["bleurt"] == {"digest": bleurt.digest, "judged": 4, "cut_pairs": 0}
    assert check_judgements(found, "sum").outcome == "holds", "verify takes a model's values as they are stored"


def test_bleurt_without_a_model_is_answered_with_where_to_name_one() -> None:
    with pytest.raises(ScoreMistake, match=r"evaluate\.bleurt: FOLDER"):
        check_metric("bleurt")


def test_a_bleurt_that_is_not_there_is_told_before_anything_runs(tiny_model: Path, home: Path, tmp_path: Path) -> None:
    for run in (tune, evaluate):
        with pytest.raises(ModelMistake, match="there is no such folder of a BLEURT checkpoint"):
            run(recipe(tiny_model, bleurt=str(tmp_path / "absent")), tmp_path / "run")
    assert not (tmp_path / "run").exists()
