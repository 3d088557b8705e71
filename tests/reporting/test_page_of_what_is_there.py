"""The page of a run that stopped, tuned nothing, or is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_runs import ROW, answers, record, write_run, write_steps

from unseen.errors import DataMistake, UserMistake
from unseen.evaluation.prediction_file import PredictionWriter
from unseen.reporting.page import report
from unseen.study.record import write_record


def test_a_stopped_run_shows_what_there_is(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    write_record(folder, record(finished=None, counts=None, left_out={}, training={}))
    assert "not finished (no optimizer step yet)" in report([folder]).read_text(encoding="utf-8")
    write_steps(folder, 2)
    writer = PredictionWriter(folder / "predictions.parquet")
    for each in answers(rows=2):
        writer.write(each)
    writer.flush()
    page = report([folder]).read_text(encoding="utf-8")
    assert "not finished (2 optimizer steps so far)" in page and "<polyline" in page and ROW in page


def test_a_run_that_tuned_nothing_is_told_so(tmp_path: Path) -> None:
    base = [each for each in answers() if each.model == "base"]
    folder = write_run(tmp_path / "run", base, counts=None, training={}, hold_out=None)
    (folder / "steps.jsonl").unlink()
    text = report([folder]).read_text(encoding="utf-8")
    assert "nothing was tuned" in text and "unseen tasks, base, accuracy, zero-shot:" in text


DAMAGES = {
    "no folder": lambda folder: folder.rename(folder.with_name("gone")),
    "no record": lambda folder: (folder / "record.json").unlink(),
    "record cut short": lambda folder: (folder / "record.json").write_text('{"name": "x"'),
    "record without its parts": lambda folder: (folder / "record.json").write_text('{"name": "x"}'),
    "wrong kinds": lambda folder: write_record(folder, record(hold_out=[1, 2], seconds="long")),
    "a recipe of another kind": lambda folder: write_record(folder, record(recipe={"train": "much"})),
    "record of brackets": lambda folder: (folder / "record.json").write_text("[" * 200_000),
    "scores of brackets": lambda folder: (folder / "scores.json").write_text("[" * 200_000),
    "no scores": lambda folder: (folder / "scores.json").unlink(),
    "scores of another kind": lambda folder: (folder / "scores.json").write_text("{}"),
    "a score without a number": lambda folder: (folder / "scores.json").write_text('[{"score": "high"}]'),
    "predictions that are text": lambda folder: (folder / "predictions.parquet").write_text("no parquet"),
    "steps of another kind": lambda folder: (folder / "steps.jsonl").write_text('{"step": "first"}\n'),
    "binary steps": lambda folder: (folder / "steps.jsonl").write_bytes(b"\xff\xfe\x00\n"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_one_line_that_names_it(damage: str, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers(rows=2)))
    DAMAGES[damage](folder)
    with pytest.raises(UserMistake) as caught:
        report([folder])
    assert len(caught.value.lines) == 1 and str(folder) in str(caught.value) and "\n" not in str(caught.value)


def test_a_page_that_cannot_be_written_is_the_users_mistake(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers(rows=2)))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataMistake, match="cannot be written"):
        report([folder], out=tmp_path / "file" / "page.html")


def test_no_folder_at_all_is_the_users_mistake() -> None:
    with pytest.raises(UserMistake, match="no run folder"):
        report([])
