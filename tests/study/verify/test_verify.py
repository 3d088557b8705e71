"""`unseen verify`: a run that is as it was left holds, and whatever is changed in it is told, and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file
from verified_runs import FAST, NO_ANSWERS, edited, failing, found, told

from unseen.cli import run as unseen
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import PredictionWriter, read_predictions
from unseen.study.record import read_record, write_record
from unseen.study.seal import sealed


def rewritten(folder: Path, change: Callable[[Prediction], Prediction]) -> None:
    """The run's predictions with the first one changed."""
    first, *others = read_predictions(folder / "predictions.parquet")
    with PredictionWriter(folder / "predictions.parquet") as writer:
        for each in (change(first), *others):
            writer.write(each)


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
