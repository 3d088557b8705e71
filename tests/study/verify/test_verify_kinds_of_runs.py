"""`unseen verify` on a run whose rows or templates were changed since, and on runs of every kind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from verified_runs import NO_ANSWERS, copied, edited, failing, found, recipe_over, told

from unseen.cli import run as unseen
from unseen.recipe import Recipe
from unseen.study.plan import plan
from unseen.study.record import read_record, write_record
from unseen.study.run import evaluate, tune


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
