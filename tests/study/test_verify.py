"""`unseen verify`: a run that is as it was left holds, and whatever is changed in it is told, and where."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from verified_runs import copied, make_catalog, recipe_over

from unseen.cli import run as unseen
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import PredictionWriter, read_predictions
from unseen.recipe import Recipe
from unseen.study.plan import plan
from unseen.study.record import read_record, write_record
from unseen.study.run import evaluate, tune
from unseen.study.seal import sealed
from unseen.study.verify.outcome import Check, compared
from unseen.study.verify.whole import verify_run

FAST = ("model",)
NO_ANSWERS = ("answers", "replay")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an $UNSEEN_HOME and a catalog of its own."""
    folder = tmp_path_factory.mktemp("verified")
    make_catalog(folder / "catalog")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNSEEN_HOME", str(folder / "home"))
        yield folder


@pytest.fixture(scope="module")
def recipe(place: Path, tiny_model: Path) -> Recipe:
    return recipe_over(place / "catalog", tiny_model)


@pytest.fixture(scope="module")
def done(place: Path, recipe: Recipe) -> Path:
    return tune(recipe, place / "run").folder


@pytest.fixture
def run(done: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may change."""
    return copied(done, tmp_path / "run")


def found(folder: Path, skip: tuple[str, ...] = FAST) -> dict[str, Check]:
    return {check.name: check for check in verify_run(folder, skip)}


def failing(checks: dict[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if check.outcome == "fails"}


def told(check: Check) -> str:
    return " | ".join(f"{each.where}: {each.recorded} -> {each.found}" for each in check.differences)


def rewritten(folder: Path, change: Callable[[Prediction], Prediction]) -> None:
    """The run's predictions with the first one changed."""
    first, *others = read_predictions(folder / "predictions.parquet")
    with PredictionWriter(folder / "predictions.parquet") as writer:
        for each in (change(first), *others):
            writer.write(each)


def edited(path: Path, change: Callable[[Any], None]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def test_a_run_as_it_was_left_holds(done: Path) -> None:
    checks = found(done, ())
    assert {check.outcome for check in checks.values()} == {"holds"}, [c for c in checks.values() if c.differences]
    assert list(checks) == [
        "record", "files", "fingerprint", "split", "asked rows", "judgements", "scores",
        "questions of base", "answers of base", "questions of tuned", "answers of tuned",
        "left out", "examples", "log", "replay",
    ]  # fmt: skip
    assert "re-asked 8 of 8: 8 the same" in checks["answers of tuned"].told
    assert checks["replay"].told.count("bit by bit") == 2


def test_a_run_older_than_the_counting_of_the_rows_that_it_met_still_holds(run: Path) -> None:
    record = read_record(run)
    for counts in record["counts"]["rows"].values():
        assert 0 < counts.pop("met") < counts["tuned_on"]
    write_record(run, sealed(run, record))
    assert not failing(found(run, NO_ANSWERS))


def test_the_command_says_a_line_a_check_and_answers_by_its_exit_code(
    done: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert unseen(["verify", str(done), "--skip", "model"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "holds     record: record.json has the digest that it says"
    assert said[-1] == "all 7 checks hold, 1 could not be or were not made"
    edited(run / "scores.json", lambda rows: rows[0].update(score=rows[0]["score"] + 7))
    assert unseen(["verify", str(run), "--json", "--skip", "model"]) == 1
    checks = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in checks if each["outcome"] == "fails"] == ["files", "scores"]
    assert unseen(["verify", str(run / "model")]) == 2
    assert "is no run, no study and no page" in capsys.readouterr().err
    assert unseen(["verify", str(run), "--skip", "files"]) == 2


CHANGED = {
    "a score": (
        lambda run: edited(run / "scores.json", lambda rows: rows[3].update(score=12.5)),
        {"files", "scores"},
        ("scores", "scores.json[3].score: 12.5 -> "),
    ),
    "a number of the summary": (
        lambda run: edited(run / "record.json", lambda record: record["summary"]["baselines"][0].update(chance=51.0)),
        {"record", "scores"},
        ("scores", "record.json: summary.baselines[0].chance: 51.0 -> 50.0"),
    ),
    "what a prediction is worth": (
        lambda run: rewritten(run, lambda each: replace(each, values={"accuracy": 100.0 - each.values["accuracy"]})),
        {"files", "judgements", "scores"},
        ("judgements", "base on houses/rooms|asked|test/"),
    ),
    "what was chosen": (
        lambda run: rewritten(run, lambda each: replace(each, chosen=1 - (each.chosen or 0))),
        {"files", "judgements", "scores"},
        ("judgements", ": chosen: "),
    ),
    "a stored prompt": (
        lambda run: rewritten(run, lambda each: replace(each, prompt=each.prompt.replace("warm", "cold"))),
        {"files", "questions of base"},
        ("questions of base", ": prompt: "),
    ),
    "which row was asked": (
        lambda run: rewritten(run, lambda each: replace(each, split="train", row=0)),
        {"files", "questions of base", "scores"},
        ("questions of base", "train/0: asked -> not a question of this recipe"),
    ),
    "a loss": (
        lambda run: (run / "steps.jsonl").write_text(
            (run / "steps.jsonl").read_text().replace('"loss": 1', '"loss": 2', 1)
        ),
        {"files"},
        ("files", "sha256.steps.jsonl"),
    ),
    "a learning rate": (
        lambda run: (run / "steps.jsonl").write_text(
            (run / "steps.jsonl").read_text().replace('"learning_rate": 0.', '"learning_rate": 1.', 1)
        ),
        {"files", "log"},
        ("log", "steps.jsonl, step 1.learning_rate"),
    ),
    "a value of the recipe": (
        lambda run: edited(run / "record.json", lambda record: record["recipe"]["train"].update(rank=8)),
        {"record", "fingerprint"},
        ("fingerprint", "the recipe in record.json, with the other recorded parts"),
    ),
    "the seed": (
        lambda run: edited(run / "record.json", lambda record: record["recipe"].update(seed=5)),
        {"record", "fingerprint", "split", "questions of base", "questions of tuned", "examples"},
        ("fingerprint", "the recipe in record.json"),
    ),
    "the proof": (
        lambda run: edited(run / "record.json", lambda r: r["hold_out"]["compared_unseen"][0].update(rows=1000)),
        {"record", "split"},
        ("split", "hold_out.compared_unseen[0].rows: 1000 -> 8"),
    ),
    "what was left out": (
        lambda run: edited(run / "record.json", lambda record: record["left_out"].update({"unseen: x: empty": 3})),
        {"record", "left out"},
        ("left out", "left_out.unseen: x: empty: 3 -> nothing"),
    ),
    "a count": (
        lambda run: edited(run / "record.json", lambda record: record["counts"].update(too_long=2)),
        {"record", "examples"},
        ("examples", "counts.too_long: 2 -> 0"),
    ),
    "a missing file": (
        lambda run: (run / "predictions.parquet").unlink(),
        {"files", "predictions"},
        ("files", "sha256.predictions.parquet"),
    ),
}


NEED_MODEL = {"questions of base", "log", "left out", "examples"}


@pytest.mark.parametrize("name", CHANGED)
def test_what_is_changed_in_a_run_is_told_and_where(run: Path, name: str) -> None:
    change, fails, (check, where) = CHANGED[name]
    change(run)
    checks = found(run, NO_ANSWERS if any(name in NEED_MODEL for name in fails) else FAST)
    assert fails <= failing(checks) <= fails | {"scores", "left out"}, failing(checks)
    assert where in told(checks[check])


def test_whoever_writes_the_digests_anew_is_found_out_by_the_numbers(run: Path) -> None:
    """A score, a stored answer and the loss of a replayed step are changed, and every digest is made to fit."""
    rewritten(run, lambda each: replace(each, log_probs=tuple(value + 0.5 for value in each.log_probs)))
    edited(run / "scores.json", lambda rows: rows[0].update(high=99.0))
    for after in (run / "replay").glob("*/after.json"):
        edited(after, lambda values: values.update(loss=values["loss"] * 1.001))
    write_record(run, sealed(run, read_record(run)))
    checks = found(run, ())
    assert failing(checks) == {"scores", "answers of base", "replay"}
    assert ": log_probs[0]: " in told(checks["answers of base"])
    assert "replay/step-00000" in told(checks["replay"]) and ": loss: " in told(checks["replay"])


def test_other_weights_in_the_run_folder_are_found_out(run: Path) -> None:
    """The adapter's effect is turned round, and its digest made to fit."""
    path = run / "model" / "adapter_model.safetensors"
    weights = {name: -300 * each if "lora_B" in name else each for name, each in load_file(path).items()}
    save_file(weights, path, metadata={"format": "pt"})
    assert failing(found(run)) == {"files"}
    write_record(run, sealed(run, read_record(run)))
    assert failing(found(run, ("replay",))) == {"answers of tuned"}


@pytest.fixture
def own(place: Path, recipe: Recipe, tmp_path: Path, done: Path) -> Iterator[tuple[Path, Path]]:
    """The run, and the catalog that it is over, which is put back."""
    kept = copied(place / "catalog", tmp_path / "catalog")
    yield done, place / "catalog"
    shutil.rmtree(place / "catalog")
    shutil.copytree(kept, place / "catalog")


def test_a_changed_row_is_told(own: tuple[Path, Path]) -> None:
    run, catalog = own
    rows = catalog / "rooms.test.jsonl"
    rows.write_text(rows.read_text().replace("rain", "rayn"))
    checks = found(run, NO_ANSWERS)
    assert {"fingerprint", "split", "questions of base", "questions of tuned"} == failing(checks)
    assert told(checks["fingerprint"]).startswith("rows.houses/rooms/test: ")


def test_a_changed_template_is_told(own: tuple[Path, Path]) -> None:
    run, catalog = own
    description = catalog / "days.yaml"
    description.write_text(description.read_text().replace("Was it wet?", "Was it dry?"))
    checks = found(run)
    assert failing(checks) == {"fingerprint"}
    assert told(checks["fingerprint"]).startswith("templates.weather/days: ")


def test_rows_that_no_longer_keep_the_sides_apart_are_told(own: tuple[Path, Path]) -> None:
    run, catalog = own
    text = " ".join(f"word{number}" for number in range(40))
    for name, split in (("days", "train"), ("rooms", "test")):
        with (catalog / f"{name}.{split}.jsonl").open("a") as file:
            file.write(json.dumps({"text": text, "label": 0}) + "\n")
    checks = found(run)
    assert failing(checks) == {"recipe"} and "text on both sides" in checks["recipe"].told


def test_missing_rows_are_the_users_mistake(own: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    run, catalog = own
    (catalog / "rooms.test.jsonl").unlink()
    assert unseen(["verify", str(run)]) == 2
    assert "rooms.test.jsonl" in capsys.readouterr().err


def test_what_an_older_run_did_not_keep_is_told_and_not_passed(run: Path) -> None:
    record = read_record(run)
    for name in ("seal", "files", "templates", "examples"):
        record.pop(name)
    record["recipe"]["train"].pop("keep_for_verify")
    write_record(run, record)
    shutil.rmtree(run / "replay")
    checks = found(run, ("answers",))
    assert not failing(checks)
    assert {name for name, check in checks.items() if check.outcome == "not kept"} == {
        "record", "files", "fingerprint", "replay",
    }  # fmt: skip


def test_a_run_keeps_no_steps_where_the_recipe_says_so(done: Path, recipe: Recipe, tmp_path: Path) -> None:
    train = recipe.train.model_copy(update={"keep_for_verify": False})
    folder = tune(recipe.model_copy(update={"train": train}), tmp_path / "run").folder
    assert not (folder / "replay").exists()
    assert read_record(folder)["fingerprint"] == read_record(done)["fingerprint"]


def test_an_unfinished_run_is_the_users_mistake(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited(run / "record.json", lambda record: record.pop("finished"))
    assert unseen(["verify", str(run)]) == 2
    assert "is not finished" in capsys.readouterr().err


def test_an_evaluation_is_verified_without_steps(place: Path, recipe: Recipe, done: Path, tmp_path: Path) -> None:
    """Of the tuned model, by the folder of its run."""
    asked = evaluate(recipe.model_copy(update={"model": str(done)}), tmp_path / "asked").folder
    checks = found(asked, ())
    assert not failing(checks) and "answers of tuned" in checks and "replay" not in checks


def test_full_tuning_is_verified(place: Path, tiny_model: Path, tmp_path: Path) -> None:
    recipe = recipe_over(place / "catalog", tiny_model, method="full", dropout=0.0)
    run = tune(recipe, tmp_path / "run").folder
    checks = found(run, ())
    assert not failing(checks) and checks["replay"].told.count("bit by bit") == 2
    on_disk = sum(path.stat().st_size for path in (run / "replay").rglob("*")) / 2**20
    planned = plan(recipe).values["replay_mb"]  # before its first step an optimizer has no state
    assert planned / 3 < on_disk < planned * 1.01


@pytest.mark.skipif(not hasattr(os, "fork"), reason="torchrun as Linux has it")
def test_a_run_of_two_processes_is_verified_by_one(recipe: Recipe, place: Path, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(json.dumps(recipe.canonical()))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "unseen"]
    sharded = ["--set", "train.sharding=fsdp", "--set", "train.method=full", "--set", "train.dropout=0"]
    command = [*launch, "tune", str(path), "--out", str(tmp_path / "two"), *sharded]
    process = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert process.returncode == 0, process.stderr[-3000:]
    checks = found(tmp_path / "two", ())
    assert not failing(checks), [told(check) for check in checks.values()]
    assert checks["replay"].told.count("first done by several processes") == 2


Json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(Json)
def test_a_value_differs_from_no_copy_of_itself(value: Any) -> None:
    assert not list(compared(value, json.loads(json.dumps(value)), "here", 1e-9))


@given(Json, Json)
def test_values_that_differ_are_told_apart(one: Any, other: Any) -> None:
    """In either direction: keys that only one of them has count on its own side."""
    if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):
        return
    equal = one == other  # Python's 0 == False == 0.0
    assert equal or [*compared(one, other, "here"), *compared(other, one, "here")]
