"""A run that was done before is taken over whole, and only where it is the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from bleurt_folders import save_bleurt
from tiny_studies import tiny_study

from unseen.errors import UserMistake
from unseen.model.bleurt import bleurt_digest
from unseen.recipe import Recipe
from unseen.reporting.study_page import study_report
from unseen.study.arm import DONE, run_arm
from unseen.study.done_before import finished_runs, said_done, same_run, take_whole
from unseen.study.record import read_record, write_record
from unseen.study.seal import sealed
from unseen.study.shared_tuning import giver
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


def recipe_in(record: dict[str, Any]) -> Recipe:
    return Recipe.model_validate(record["recipe"])


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
    record = read_record(of(first, "all"))
    assert same_run(recipe_in(record), record, [tmp_path], tuned=True) is None


def test_a_run_that_was_changed_since_is_not_taken_over(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(of(first, "all"), run)
    record = read_record(run)
    recipe, newer = recipe_in(record), {**record, "versions": {**record["versions"], "torch": "0"}}
    assert same_run(recipe, record, [run], tuned=True) == run
    assert same_run(recipe, record, [run], tuned=False) is None
    assert same_run(recipe, newer, [run], tuned=True) is None
    (run / "scores.json").write_text("{}", encoding="utf-8")
    assert same_run(recipe, record, [run], tuned=True) is None
    assert "was changed since it finished" in capsys.readouterr().err


def test_a_run_that_another_bleurt_or_none_judged_is_another(first: Path, tmp_path: Path) -> None:
    run, bleurt = tmp_path / "run", save_bleurt(tmp_path / "bleurt")
    shutil.copytree(of(first, "all"), run)
    record = read_record(run)
    none = recipe_in(record)
    one = none.model_copy(update={"evaluate": none.evaluate.model_copy(update={"bleurt": str(bleurt)})})
    assert same_run(one, record, [run], tuned=True) is None
    write_record(run, sealed(run, {**record, "bleurt": {"digest": bleurt_digest(bleurt)}}))
    assert same_run(none, record, [run], tuned=True) is None and same_run(one, record, [run], tuned=True) == run


@pytest.mark.parametrize("here", [True, False])
def test_a_run_that_was_tuned_in_another_precision_is_another(
    here: bool, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `auto` is depends on the machine, and no recipe tells."""
    run = tmp_path / "run"
    shutil.copytree(of(first, "all"), run)
    record = read_record(run)
    record["recipe"]["train"]["precision"] = "auto"
    write_record(run, sealed(run, record))
    assert record["training"]["precision"] == "float32"
    monkeypatch.setattr("unseen.train.machine.has_bfloat16", lambda _: not here)
    assert (same_run(recipe_in(record), record, [run], tuned=True) is not None) == here
    assert (giver(record, [run]) is not None) == here == (said_done(record["recipe"], True, [record]) is not None)


def test_what_another_runner_finished_asking_is_not_asked_again(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It took the arm from a list that was older."""
    monkeypatch.setattr("unseen.study.arm.evaluate", lambda *_: pytest.fail("asked again"))
    assert run_arm(first, "untuned", 0) == DONE


def test_a_folder_without_finished_runs_is_a_mistake(first: Path, tmp_path: Path) -> None:
    assert set(finished_runs([first])) == {of(first, "all"), of(first, "untuned")}
    write_record(tmp_path, {"name": "begun"})
    with pytest.raises(UserMistake, match="no finished run"):
        list(finished_runs([tmp_path]))
