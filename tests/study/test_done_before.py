"""A run that was done before is taken over whole, and only where it is the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tiny_studies import tiny_study

from unseen.errors import UserMistake
from unseen.reporting.study_page import study_report
from unseen.study.done_before import finished_runs, same_run, take_whole
from unseen.study.record import read_record, write_record
from unseen.study.study_file import Study
from unseen.study.study_run import run_study
from unseen.study.verify.whole import verify_run

ARMS = [{"name": "all"}, {"name": "untuned", "set": {"tune": False}}]
RENAMED = [
    {"name": "same", "set": {"train.batch_tokens": 128}},
    {"name": "as-it-is", "set": {"tune": False}},
    {"name": "rank-2", "set": {"train.rank": 2}},
]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, own_home: Path) -> Path:
    study = tiny_study(tmp_path_factory.mktemp("first"), tiny_model, arms=ARMS)
    return run_study(study, tmp_path_factory.mktemp("ran") / "first", workers=2).folder


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Study:
    return tiny_study(tmp_path_factory.mktemp("second"), tiny_model, study="other", arms=RENAMED, baseline="same")


@pytest.fixture(scope="module")
def taken(first: Path, second: Study, own_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("taken") / "second"
    assert run_study(second, out, workers=2, reuse=[first]).failed == ()
    return out


def of(folder: Path, name: str) -> Path:
    return folder / "arms" / name / "seed-0"


@pytest.mark.parametrize(("theirs", "ours"), [("all", "same"), ("untuned", "as-it-is")])
def test_the_same_run_is_taken_over_and_says_so(first: Path, taken: Path, theirs: str, ours: str) -> None:
    before, after = read_record(of(first, theirs)), read_record(of(taken, ours))
    assert after["taken_from"] == before["name"]
    assert after["finished"] == before["finished"] and after["summary"] == before["summary"]
    assert after["name"] == f"other.{ours}" and f"--arms {ours}" in after["command"]
    assert (of(taken, ours) / "scores.json").read_bytes() == (of(first, theirs) / "scores.json").read_bytes()


def test_another_run_is_done(first: Path, taken: Path) -> None:
    assert "taken_from" not in read_record(of(taken, "rank-2"))
    assert (of(taken, "rank-2") / "steps.jsonl").read_bytes() != (of(first, "all") / "steps.jsonl").read_bytes()


def test_what_was_taken_over_is_verified_without_the_run_that_it_is_from(taken: Path, tmp_path: Path) -> None:
    shutil.copytree(of(taken, "same"), tmp_path / "alone")
    assert {check.outcome for check in verify_run(tmp_path / "alone")} == {"holds"}


def test_the_page_of_the_study_says_which_runs_were_done_before(taken: Path, tmp_path: Path) -> None:
    page = study_report(taken, out=tmp_path / "page.html").read_text(encoding="utf-8")
    assert "same seed 0 (tiny.all)" in page and "as-it-is seed 0 (tiny.untuned)" in page
    assert "rank-2 seed 0 (" not in page


def test_a_take_over_that_is_cut_short_leaves_nothing_in_the_way(
    first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, out = of(first, "all"), tmp_path / "out"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("unseen.study.done_before.write_record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        take_whole(run, out, read_record(run))
    assert not out.exists()
    assert take_whole(run, out, read_record(run)) == read_record(out)


def test_a_record_of_something_else_is_no_run(first: Path, tmp_path: Path) -> None:
    write_record(tmp_path, {"finished": "2026-11-30", "kind": "diverse questions"})
    assert same_run(read_record(of(first, "all")), [tmp_path], tuned=True) is None


def test_a_run_that_was_changed_since_is_not_taken_over(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(of(first, "all"), run)
    record = read_record(run)
    assert same_run(record, [run], tuned=True) == run
    assert same_run(record, [run], tuned=False) is None
    assert same_run({**record, "versions": {**record["versions"], "torch": "0"}}, [run], tuned=True) is None
    (run / "scores.json").write_text("{}", encoding="utf-8")
    assert same_run(record, [run], tuned=True) is None
    assert "was changed since it finished" in capsys.readouterr().err


def test_a_folder_without_finished_runs_is_a_mistake(first: Path, tmp_path: Path) -> None:
    assert set(finished_runs([first])) == {of(first, "all"), of(first, "untuned")}
    write_record(tmp_path, {"name": "begun"})
    with pytest.raises(UserMistake, match="no finished run"):
        list(finished_runs([tmp_path]))
