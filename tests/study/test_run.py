"""A run: what it leaves, and that stopping, repeating or placing it elsewhere does not change it."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from unseen.ask.ways import Plainly
from unseen.errors import RecipeMistake
from unseen.evaluation.prediction_file import read_predictions
from unseen.model.folder import resolve
from unseen.phases import shown_by
from unseen.progress import TOLD_IN
from unseen.recipe import Recipe
from unseen.reporting.page import report
from unseen.reporting.terminal import print_scores
from unseen.study.examples import encode_examples
from unseen.study.loading import load
from unseen.study.prepare import prepare
from unseen.study.questions import questions
from unseen.study.record import read_record
from unseen.study.run import evaluate, tune
from unseen.study.verify.whole import verify_run


@pytest.fixture
def done(recipe: Recipe, tmp_path: Path, home: Path) -> Path:
    return tune(recipe, tmp_path / "run").folder


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "steps.jsonl").read_text().splitlines()]


def scores(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((folder / "scores.json").read_text())
    return found


def test_a_model_that_is_asked_row_by_row_is_told_and_recorded(
    recipe: Recipe, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = recipe.evaluate.model_copy(update={"shots": (0,), "rows": 2, "templates": 1})
    asked = recipe.model_copy(update={"seen": (), "evaluate": few})
    shared = evaluate(asked, tmp_path / "shared").record["reading"]
    monkeypatch.setattr("unseen.ask.hf.way_of", lambda module, tokens: Plainly(module, tokens, "it is too tiny"))
    alone = evaluate(asked, tmp_path / "alone").record["reading"]
    assert (shared, alone) == ("trie", "plain: it is too tiny")
    assert capsys.readouterr().err.count("the base model is asked row by row (plain: it is too tiny)") == 1


def test_who_is_asked_what_is_told_in_rounds(
    recipe: Recipe, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Questions are counted anew with each task, and with its plain prompts, so it is said how many such rounds are."""
    told: list[str] = []
    monkeypatch.setenv(TOLD_IN, str(tmp_path / "told"))
    monkeypatch.setattr("unseen.progress.written_to", lambda file: shown_by(lambda now: told.append(now.words)))
    few = recipe.evaluate.model_copy(update={"shots": (0,), "rows": 2, "templates": 1})
    evaluate(recipe.model_copy(update={"seen": (), "evaluate": few}), tmp_path / "asked")
    asked = [words for words in told if words.startswith("asking base")]
    assert asked[0] == "asking base, nli/fact_follows (1 of 2): questions"
    assert "asking base, nli/fact_follows (1 of 2): 2 of 2 questions" in asked
    assert asked[-1].startswith("asking base, nli/fact_follows, plain (2 of 2): ")
    assert told.index(asked[-1]) < told.index("scoring its answers")


def test_a_run_leaves_what_the_design_says(done: Path) -> None:
    record = read_record(done)
    assert record["finished"] and record["hold_out"]["level"] == "cluster"
    assert record["tasks"]["unseen"] == ["nli/fact_follows"]
    assert record["training"]["steps"] == len(losses(done)) == 4
    assert {"format", "counts", "left_out", "summary", "versions", "command", "rows"} <= set(record)
    assert not (done / "examples").exists()
    for row in scores(done):
        assert 0 <= abs(row["score"]) <= 100 and row["count"] > 0  # type: ignore[arg-type, operator]
        assert set(row) == {
            "task", "template", "side", "model", "shots", "seed", "metric", "score", "low", "high",
            "count", "detectable",
        }  # fmt: skip


def test_the_terminal_and_the_page_count_the_tasks_alike(
    recipe: Recipe, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tune(recipe, tmp_path / "run").folder
    counted = "2 tasks, all of them also turned around"
    assert f"seen {counted}; unseen 1 task; model" in capsys.readouterr().err.splitlines()[0]
    assert f"on {counted}, from sentiment and struct_to_text. " in report([folder]).read_text(encoding="utf-8")
    print_scores(folder, as_json=False)
    shown = capsys.readouterr().out
    assert "tuned − base, plain prompts" in shown and "_plain" not in shown


def test_both_models_are_asked_the_same_questions(done: Path) -> None:
    predictions = list(read_predictions(done / "predictions.parquet"))
    asked = {
        model: {(p.task, p.template, p.row, p.shots, p.prompt) for p in predictions if p.model == model and not p.plain}
        for model in ("base", "tuned")
    }
    assert asked["base"] == asked["tuned"]
    assert {p.model for p in predictions if p.plain} == {"base"}
    assert {p.side for p in predictions} == {"seen", "unseen"}
    assert {p.kind for p in predictions} == {"choose", "generate"}


def test_without_the_untuned_model_the_tuned_one_scores_the_same(
    done: Path, recipe: Recipe, tmp_path: Path, home: Path
) -> None:
    alone = recipe.model_copy(update={"evaluate": recipe.evaluate.model_copy(update={"base": False})})
    run = tune(alone, tmp_path / "alone")
    assert {p.model for p in read_predictions(run.folder / "predictions.parquet")} == {"tuned"}
    both = [row for row in scores(done) if row["model"] == "tuned"]
    assert scores(run.folder) == both and both
    assert "asking base" not in run.record["seconds"]
    assert sum(questions(prepare(alone)).values()) * 2 < sum(questions(prepare(recipe)).values())  # plain prompts too
    assert "tuned" in report([run.folder]).read_text(encoding="utf-8")


def test_rows_met_in_tuning_count_once_whatever_was_made_of_them(recipe: Recipe, tmp_path: Path, home: Path) -> None:
    """Through several templates, turned around or not: a row is a row; a run of few steps meets fewer than it could."""
    prepared = prepare(recipe)
    stored, _, counts = encode_examples(prepared, load(prepared), tmp_path / "examples")
    met: dict[str, set[str]] = {}
    for each in stored:
        task, _, row = each.id.split("|")
        met.setdefault(task.removesuffix(":turned"), set()).add(row)
    assert {name: each["met"] for name, each in counts["rows"].items()} == {name: len(met[name]) for name in met}
    assert 0 < sum(map(len, met.values())) < sum(each["tuned_on"] for each in counts["rows"].values())


def test_examples_are_fitted_to_the_models_context_and_counted(recipe: Recipe, tmp_path: Path, home: Path) -> None:
    prepared = prepare(recipe)
    model = load(prepared)
    whole, _, uncut = encode_examples(prepared, model, tmp_path / "whole")
    context = int(whole.lengths.max()) - 6
    fitted, _, counts = encode_examples(prepared, replace(model, context=context), tmp_path / "fitted")
    assert recipe.train.max_tokens > context >= fitted.lengths.max()
    assert uncut["cuts"] == {} and uncut["too_long"] == 0
    assert sum(counts["cuts"].values()) + counts["too_long"] > 0


def test_no_validation_row_is_tuned_on_and_no_test_row_is(done: Path, recipe: Recipe) -> None:
    prepared = prepare(recipe)
    for task in prepared.tuned_on:
        held = prepared.seen_rows.validate[task.dataset.task]
        assert len(held) and not set(held.tolist()) & set(prepared.seen_rows.tune[task.name].tolist())
    assert all(p.split == "test" for p in read_predictions(done / "predictions.parquet"))


def test_a_finished_run_is_not_repeated(done: Path, recipe: Recipe) -> None:
    before = {path: path.stat().st_mtime_ns for path in done.rglob("*") if path.is_file()}
    assert tune(recipe, done).folder == done
    assert {path: path.stat().st_mtime_ns for path in done.rglob("*") if path.is_file()} == before


def test_another_recipe_is_refused_in_the_same_folder(done: Path, recipe: Recipe) -> None:
    other = recipe.model_copy(update={"seed": 1})
    with pytest.raises(RecipeMistake, match="holds another run"):
        tune(other, done)


def test_a_folder_that_holds_something_else_is_refused(recipe: Recipe, tmp_path: Path, home: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RecipeMistake, match="something else than a run"):
        tune(recipe, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["notes.txt"]


def test_micro_batches_and_names_are_not_in_the_fingerprint(recipe: Recipe, home: Path) -> None:
    here = prepare(recipe).fingerprint
    small = recipe.train.model_copy(update={"batch_tokens": 64})
    assert prepare(recipe.model_copy(update={"train": small, "name": "other"})).fingerprint == here
    rank = recipe.train.model_copy(update={"rank": 8})
    assert prepare(recipe.model_copy(update={"train": rank})).fingerprint != here


def test_the_micro_batch_budget_changes_no_loss_and_no_score(done: Path, recipe: Recipe, tmp_path: Path) -> None:
    small = recipe.train.model_copy(update={"batch_tokens": 128})
    other = tune(recipe.model_copy(update={"train": small}), tmp_path / "small").folder
    assert losses(other) == pytest.approx(losses(done), rel=1e-5)
    for one, two in zip(scores(done), scores(other), strict=True):
        assert one["score"] == pytest.approx(two["score"])


def test_the_tuned_model_is_found_by_its_run_and_says_what_it_was_tuned_on(done: Path, recipe: Recipe) -> None:
    folder = resolve(str(done))
    assert folder.base is not None
    again = evaluate(recipe.model_copy(update={"model": str(done)}), done.parent / "asked")
    tuned = {(r["task"], r["template"], r["shots"]): r["score"] for r in scores(done) if r["model"] == "tuned"}
    asked = {(r["task"], r["template"], r["shots"]): r["score"] for r in scores(again.folder)}
    assert asked == pytest.approx(tuned)
    about = json.loads((done / "model" / "unseen.json").read_text())
    assert "sentiment/film_notes" in about["tasks"]


CHILD = """
import sys, json
from pathlib import Path
from unseen.recipe import Recipe
from unseen.study.run import tune
tune(Recipe.model_validate(json.loads(sys.argv[1])), Path(sys.argv[2]), resume=True)
"""


@pytest.mark.parametrize("lines", [1, 3])
def test_killed_and_resumed_is_uninterrupted(done: Path, recipe: Recipe, tmp_path: Path, lines: int) -> None:
    """kill -9 once `lines` steps are logged; the resumed run has the same losses, digit for digit, and scores, and
    `unseen verify` finds nothing."""
    folder = tmp_path / "killed"
    command = [sys.executable, "-c", CHILD, json.dumps(recipe.canonical()), str(folder)]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ})
    log = folder / "steps.jsonl"
    deadline = time.monotonic() + 120
    while child.poll() is None and time.monotonic() < deadline:
        if log.exists() and log.read_text().count("\n") >= lines:
            child.send_signal(signal.SIGKILL)
            break
        time.sleep(0.005)
    child.wait()
    if not read_record(folder).get("finished"):
        with pytest.raises(RecipeMistake, match="was stopped"):
            tune(recipe, folder)
    tune(recipe, folder, resume=True)
    assert losses(folder) == losses(done)
    assert scores(folder) == scores(done)
    assert not [check for check in verify_run(folder, ("answers",)) if check.outcome != "holds"]


def test_a_resumed_run_answers_from_what_it_had(done: Path, recipe: Recipe, tmp_path: Path) -> None:
    began = time.perf_counter()
    again = tune(recipe, tmp_path / "again").folder
    assert scores(again) == scores(done)
    assert all(math.isfinite(loss) for loss in losses(again)) and time.perf_counter() - began < 60
