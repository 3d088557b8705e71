"""A run under few-shot, wordings and formats: what is tuned on, what is asked, and what its record says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from unseen.errors import Mistakes, RecipeMistake, TaskMistake
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import read_predictions
from unseen.prompt.example import Example
from unseen.prompt.fit import exemplars_in
from unseen.recipe import Recipe
from unseen.reporting.page import report
from unseen.reporting.terminal import print_scores
from unseen.section import check_model
from unseen.study.examples import TuningExamples, shots_in_turn
from unseen.study.prepare import Prepared, prepare
from unseen.study.questions import questions
from unseen.study.run import Run, evaluate, tune


def changed(recipe: Recipe, **values: Any) -> Recipe:
    """`recipe` with some values of its sections, and others, in the place of its own."""
    said = recipe.canonical()
    for name, value in values.items():
        said[name] = said[name] | value if isinstance(value, dict) else value
    return check_model(Recipe, said, "test", RecipeMistake)


def predictions(run: Run, model: str = "base") -> list[Prediction]:
    found = read_predictions(run.folder / "predictions.parquet")
    return [each for each in found if each.model == model and not each.plain and each.side == "unseen"]


def tuning_examples(prepared: Prepared) -> Iterator[Example]:
    return iter(TuningExamples(prepared.recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows))


def test_shots_have_names_and_several_are_for_tuning_too(recipe: Recipe) -> None:
    made = changed(recipe, shots=["zero", "few"], evaluate={"shots": ["zero", "one", 3]})
    assert (made.shots, made.evaluate.shots) == ((0, 16), (0, 1, 3))
    assert changed(recipe, shots="one").shots == (1,) and changed(recipe, shots=2).shots == (2,)
    with pytest.raises(RecipeMistake, match="'many' is no number of shots: write a number, zero, one or few"):
        changed(recipe, shots="many")


def test_the_numbers_of_exemplars_are_drawn_evenly_by_seed_and_epoch() -> None:
    draws = {place: [next(turn) for _ in range(3000)] for place in ((0, 0), (0, 1), (1, 0)) for turn in [_turn(*place)]}
    assert all(abs(Counter(each)[16] - 1500) < 120 for each in draws.values())
    assert len({tuple(each) for each in draws.values()}) == 3
    turn = _turn(0, 0)
    assert [next(turn) for _ in range(3000)] == draws[0, 0]


def _turn(seed: int, epoch: int) -> Iterator[int]:
    return shots_in_turn((0, 16), seed, epoch)


def test_wording_and_formats_do_not_go_together(recipe: Recipe) -> None:
    with pytest.raises(RecipeMistake, match="formats ask in place of the templates"):
        changed(recipe, evaluate={"formats": 3, "wording": "none"})


@pytest.mark.parametrize(
    "values",
    [{"shots": 1}, {"templates": {"wording": "none"}}, {"evaluate": {"wording": "none"}}]
    + [{"evaluate": {"formats": 3}}, {"evaluate": {"balanced": True}}],
)
def test_all_of_it_is_in_the_fingerprint(recipe: Recipe, values: dict[str, Any]) -> None:
    assert prepare(changed(recipe, **values)).fingerprint != prepare(recipe).fingerprint


def test_tuning_examples_are_worded_and_have_as_many_exemplars_as_drawn(recipe: Recipe) -> None:
    prepared = prepare(changed(recipe, shots=[0, 2], templates={"wording": "dataset_name"}))
    drawn = tuning_examples(prepared)
    examples = [next(drawn) for _ in range(40)]
    assert {exemplars_in(each) for each in examples} == {0, 2}
    for each in examples:
        turns = [segment.text for segment in each.segments if segment.role == "user"]
        name = each.task.partition("/")[2].replace(":turned", " turned around")
        assert all(turn.startswith(f"[Task: {name}] ") for turn in turns)


def test_a_task_that_a_wording_cannot_ask_is_told_before_a_model_is_loaded(recipe: Recipe) -> None:
    with pytest.raises(Mistakes) as told:
        prepare(changed(recipe, evaluate={"wording": "context"}))
    assert sorted(mistake.where for mistake in told.value.mistakes) == ["nli/fact_follows", "sentiment/film_notes"]
    assert all(isinstance(mistake, TaskMistake) for mistake in told.value.mistakes)


def test_a_run_with_few_shots_and_formats(recipe: Recipe, home: Path, tmp_path: Path) -> None:
    settings = {"shots": ["zero", "few"], "formats": 3, "balanced": True, "rows": 3, "seen": False, "plain_base": False}
    small = changed(recipe, shots=["zero", "few"], evaluate=settings, train={"steps": 2, "max_tokens": 256})
    assert questions(prepare(small)) == {"unseen": 2 * 3 * 3 * 2}
    run = tune(small, tmp_path / "run")
    record = run.record
    base, tuned = predictions(run, "base"), predictions(run, "tuned")
    names = record["asked"]["formats"]["nli/fact_follows"]["names"]
    assert len(base) == len(tuned) == 18 and list(dict.fromkeys(each.template for each in base)) == names
    assert [(each.template, each.row, each.prompt) for each in base] == [
        (each.template, each.row, each.prompt) for each in tuned
    ]
    assert {each.shown for each in base if each.shots == 0} == {0}
    few = [each.shown for each in base if each.shots == 16]
    assert all(each is not None and 0 <= each < 16 for each in few)
    (shown,) = [each for each in record["summary"]["exemplars"] if each["model"] == "tuned"]
    assert shown["mean"] == pytest.approx(sum(each or 0 for each in few) / 9) and shown["prompts"] == 9
    assert set(record["counts"]["shots"]) == {"0", "16"} and record["counts"]["cuts"]["exemplars_dropped"] > 0
    widest = [each for each in record["summary"]["extremes"] if each["model"] == "base" and each["shots"] == 0]
    assert widest[0]["worst"]["prompt"] in {each.prompt for each in base}
    page = report([run.folder]).read_text(encoding="utf-8")
    assert "Spread over formats" in page and f"16-shot, {shown['mean']:.1f} shown" in page
    hidden = report([run.folder], with_rows=False).read_text(encoding="utf-8")
    assert json.dumps(widest[0]["worst"]["prompt"])[1:40] in page and widest[0]["worst"]["prompt"][-60:] not in hidden


def test_a_run_without_instructions_asks_what_differs_once(recipe: Recipe, home: Path, tmp_path: Path) -> None:
    settings = {"wording": "none", "shots": [0], "seen": False, "plain_base": False}
    small = changed(recipe, evaluate=settings, train={"steps": 1}, unseen=["commonsense/everyday_causes"])
    run = tune(small, tmp_path / "run")
    base = predictions(run)
    alike = "unseen: commonsense/everyday_causes: templates that ask as another one, their words gone"
    assert run.record["asked"]["wording"] == "none"
    asked = {(each.template, each.row): (each.prompt, each.choices) for each in base}
    assert len(asked) == len(base) and len(set(asked.values())) == len(asked)
    assert len({each.template for each in base}) + run.record["left_out"].get(alike, 0) == 2


def test_the_terminal_says_how_many_exemplars_fitted(
    recipe: Recipe, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"shots": [0, 16], "rows": 2, "templates": 1, "seen": False, "plain_base": False}
    run = evaluate(changed(recipe, seen=[], evaluate=settings, train={"max_tokens": 256}), tmp_path / "asked")
    (shown,) = run.record["summary"]["exemplars"]
    print_scores(run.folder, as_json=False)
    assert f"16 ({shown['mean']:.1f} fit)" in capsys.readouterr().out
