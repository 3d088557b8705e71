"""Runs of encoder-decoders from recipe to scores: tuned fully and by LoRA, resumed, loaded elsewhere, refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from encoder_decoders import save_encoder_decoder

from unseen.cli import run as unseen
from unseen.errors import ModelMistake, RecipeMistake
from unseen.evaluation.prediction_file import read_predictions
from unseen.recipe import Recipe
from unseen.section import check_model
from unseen.study.plan import plan
from unseen.study.record import read_record
from unseen.study.run import tune

VALUES: dict[str, Any] = {
    "name": "pairs",
    "seen": ["sentiment/film_notes", "struct_to_text/cafe_cards"],
    "unseen": ["nli/fact_follows"],
    "templates": {"per_task": 2},
    "evaluate": {"shots": [0, 1], "rows": 3, "max_new_tokens": 4, "templates": 1},
}
TRAIN = {
    "steps": 4, "examples_per_step": 4, "precision": "float32", "rank": 4, "validation_rows": 4, "validate_every": 2,
    "checkpoint_every": 1, "learning_rate": 1e-3,
}  # fmt: skip
WAYS: dict[str, dict[str, Any]] = {"flan": {"method": "full"}, "bart": {"method": "lora"}}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {family: save_encoder_decoder(tmp_path_factory.mktemp("pairs") / family, family) for family in WAYS}


def recipe_of(model: Path, train: dict[str, Any], **more: Any) -> Recipe:
    values = {**VALUES, "model": str(model), "train": {**TRAIN, **train}, **more}
    return check_model(Recipe, values, "pairs", RecipeMistake)


def answers(folder: Path, model: str) -> dict[Any, tuple[str, Any]]:
    found = read_predictions(folder / "predictions.parquet")
    return {
        (p.task, p.template, p.shots, p.row): (p.text, p.log_probs) for p in found if p.model == model and not p.plain
    }


@pytest.mark.parametrize("family", WAYS)
def test_a_tuned_model_is_resumed_and_answers_the_same_in_another_process(
    family: str, folders: dict[str, Path], home: Path, tmp_path: Path
) -> None:
    recipe = recipe_of(folders[family], WAYS[family])
    done = tune(recipe, tmp_path / "run").folder
    record = read_record(done)
    assert (record["training"]["batches"], record["reading"]) == ("shared sources", "shared sources")
    assert record["format"]["kind"] == "pair" and record["format"]["finish"] == [1]
    before, after = answers(done, "base"), answers(done, "tuned")
    assert before.keys() == after.keys() and before != after
    assert {len(log_probs) > 0 for _, log_probs in after.values()} == {True, False}  # chosen and generated

    elsewhere = answers(asked_elsewhere(done, tmp_path), "tuned" if recipe.train.method == "lora" else "base")
    assert elsewhere.keys() == after.keys()
    for key, (text, log_probs) in after.items():
        assert elsewhere[key][0] == text
        assert elsewhere[key][1] == pytest.approx(log_probs, rel=1e-6)

    assert_resumes(recipe, done, tmp_path / "again")


def asked_elsewhere(run: Path, place: Path) -> Path:
    """The folder of what a new process, with an empty answer cache, is answered by the model of `run`."""
    file, out = place / "asked.yaml", place / "asked"
    file.write_text(json.dumps({**VALUES, "model": str(run), "train": TRAIN}))
    command = [sys.executable, "-m", "unseen", "evaluate", str(file), "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "UNSEEN_HOME": str(place / "other_home")}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr[-2000:]
    return out


def assert_resumes(recipe: Recipe, done: Path, again: Path) -> None:
    """Set back to its last but one checkpoint, the run ends as it did, digit for digit."""
    shutil.copytree(done, again)
    for name in ("model", "report.html", "predictions.parquet", "scores.json", "checkpoints/step-000004"):
        shutil.rmtree(again / name, ignore_errors=True)
        (again / name).unlink(missing_ok=True)
    record = read_record(again)
    del record["finished"]
    (again / "record.json").write_text(json.dumps(record))
    tune(recipe, again, resume=True)
    steps = [[json.loads(line) for line in (each / "steps.jsonl").read_text().splitlines()] for each in (done, again)]
    assert [{**line, "seconds": 0} for line in steps[0]] == [{**line, "seconds": 0} for line in steps[1]]
    assert (again / "scores.json").read_text() == (done / "scores.json").read_text()
    weights = "adapter_model.safetensors" if recipe.train.method == "lora" else "model.safetensors"
    assert (again / "model" / weights).read_bytes() == (done / "model" / weights).read_bytes()


def test_a_plan_counts_sources_once(folders: dict[str, Path], home: Path) -> None:
    values = plan(recipe_of(folders["flan"], {"examples_per_step": 16})).values
    assert values["batches"] == "shared sources" and values["format"]["kind"] == "pair"
    assert values["nodes"] <= values["tokens"] and values["sharing_ratio"] >= 1
    assert 0 < values["supervised_tokens"] < values["tokens"]


def test_what_an_encoder_decoder_cannot_have_is_refused_with_one_line(
    folders: dict[str, Path], home: Path, tmp_path: Path
) -> None:
    with pytest.raises(RecipeMistake, match=r"train\.loss: weighs the prompt's tokens, .*; set it to completion"):
        tune(recipe_of(folders["flan"], {"loss": "all"}), tmp_path / "loss")
    with pytest.raises(ModelMistake, match="is an encoder-decoder, whose prompts are written plainly; use format"):
        tune(recipe_of(folders["flan"], {}, format="chat"), tmp_path / "chat")
    switch = save_encoder_decoder(tmp_path / "switch", "switch")
    with pytest.raises(ModelMistake, match="is an encoder-decoder with a mixture of experts"):
        tune(recipe_of(switch, {}), tmp_path / "experts")


def test_answers_that_are_too_long_are_left_out_and_counted(
    folders: dict[str, Path], home: Path, tmp_path: Path
) -> None:
    recipe = recipe_of(folders["bart"], {"max_target_tokens": 12})
    record = read_record(tune(recipe, tmp_path / "run").folder)
    assert record["counts"]["examples"] == 16 and record["counts"]["too_long"] > 0


def test_sources_are_drawn_once_with_their_targets(
    folders: dict[str, Path], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show = ["show", "nli/fact_follows", "--catalog", "shipped", "--tokens", "--model", str(folders["flan"])]
    assert unseen([*show, "--rows", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)[0]
    sources, rows = found["branches"], {each["row"] for each in found["sequences"]}
    assert len(sources) == len(rows) == 2
    assert not any(any(each["supervised"]) for each in sources)
    assert all(target["supervised"] == [True] * len(target["ids"]) for each in sources for target in each["branches"])
    lengths = [len(each["ids"]) for each in sources]
    read = [len(target["ids"]) for each in sources for target in each["branches"]]
    assert found["tokens_read"] == sum(len(e["ids"]) * len(e["branches"]) for e in sources) + sum(read)
    assert found["nodes"] <= sum(lengths) + sum(read)
    assert unseen([*show, "--template", found["template"]]) == 0
    said = capsys.readouterr().out
    assert "with equal sources read once" in said and "«</s>»" in said
