"""`unseen verify` of a study's folder: its rule, its arms, and what was changed afterwards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_studies import Made, write_study
from ruled_studies import outcomes, ruled
from verified_runs import make_catalog, recipe_over

from unseen.cli import run as unseen
from unseen.recipe import Recipe
from unseen.reporting.study_page import study_report
from unseen.study.arm import run_arm
from unseen.study.arms import expand
from unseen.study.matching import with_examples
from unseen.study.results import read_results
from unseen.study.run import tune
from unseen.study.study_folder import ArmFiles, open_study
from unseen.study.verify.outcome import Check
from unseen.study.verify.place import verify


def test_every_finished_arm_of_a_study_is_verified(tmp_path: Path, home: Path, tiny_model: Path) -> None:
    recipe = recipe_over(make_catalog(tmp_path / "catalog"), tiny_model)
    folder = one_arm(tmp_path / "study", recipe)
    checks = list(verify(folder, ("model",)))
    assert {arm for arm, _ in checks} == {"only/seed-0", ""}
    assert not [check for _, check in checks if check.outcome == "fails"]
    study = json.loads((folder / "study.json").read_text())
    study["arms"][0]["recipe"]["train"]["rank"] = 64
    (folder / "study.json").write_text(json.dumps(study))
    failed = [(arm, check) for arm, check in verify(folder, ("model",)) if check.outcome == "fails"]
    assert [(arm, check.name, check.differences[0].where) for arm, check in failed] == [
        ("only/seed-0", "arm", "recipe.train.rank")
    ]


def one_arm(folder: Path, recipe: Recipe) -> Path:
    write_study(folder, Made({"only": None}, seeds=(0,)))
    study = json.loads((folder / "study.json").read_text())
    study["arms"][0]["recipe"] = recipe.canonical()
    (folder / "study.json").write_text(json.dumps(study))
    tune(recipe, folder / study["arms"][0]["folder"])
    return folder


def edited(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    study = json.loads((folder / "study.json").read_text())
    change(study)
    (folder / "study.json").write_text(json.dumps(study))


def of_study(folder: Path) -> dict[str, Check]:
    """The checks of a study as a whole."""
    return {check.name: check for arm, check in verify(folder, ("model",)) if not arm}


def other_decision(study: dict[str, Any]) -> None:
    study["decision"]["smallest"] = 100


TAMPERED = {
    "the decision": (other_decision, "rule", "decision.smallest"),
    "the matching": (lambda study: study.update(matched="steps"), "rule", "matched"),
    "a key of the rule": (lambda study: study["decision"].update(side="seen"), "rule", "decision.side"),
    "what was fingerprinted": (
        lambda study: study["deciding"]["base"].update(languages=["en"]),
        "rule",
        "the values that the study was fingerprinted by",
    ),
    "a comparison": (lambda study: study["arms"][2].update(against=None), "planned arms", "first/seed-0: against"),
    "a comparison taken out": (
        lambda study: study["arms"][2].pop("against"),
        "planned arms",
        "first/seed-0: against",
    ),
    "a recipe": (
        lambda study: study["arms"][2]["recipe"]["train"].update(rank=64),
        "planned arms",
        "first/seed-0: recipe.train.rank",
    ),
    "an arm": (lambda study: study["arms"].pop(), "planned arms", "arms"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_is_changed_in_a_studys_rule_is_told_and_where(begun: Path, name: str) -> None:
    assert {name: check.outcome for name, check in of_study(begun).items()} == {
        "rule": "holds", "planned arms": "holds", "arms": "not kept",
    }  # fmt: skip
    change, fails, where = TAMPERED[name]
    edited(begun, change)
    check = of_study(begun)[fails]
    assert check.outcome == "fails" and check.differences[0].where == where


def test_a_study_whose_rule_was_changed_gets_no_page(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert unseen(["study", "report", str(finished)]) == 0
    edited(finished, other_decision)
    for more in ((), ("--json",), ("--format", "md")):
        assert unseen(["study", "report", str(finished), *more]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3 and "its rule was changed after the run began (decision)" in said[0]


def test_a_folder_that_kept_no_rule_has_that_of_its_file(begun: Path, tmp_path: Path) -> None:
    """While the file makes the recorded fingerprint; the page then carries what it is of."""
    kept = json.loads((begun / "study.json").read_text())["deciding"]
    edited(begun, lambda study: study.pop("deciding"))
    assert read_results(begun).study["deciding"] == kept
    page = study_report(begun, with_rows=False, out=tmp_path / "page.html")
    assert outcomes(page)["rule"] == of_study(begun)["rule"].outcome == "holds"
    edited(begun, other_decision)
    assert of_study(begun)["rule"].outcome == "fails"
    (tmp_path / "made.yaml").unlink()
    assert of_study(begun)["rule"].outcome == "not kept"
    page = study_report(begun, with_rows=False, out=tmp_path / "page.html")
    assert outcomes(page)["rule"] == "not kept"


def test_the_rule_of_a_folder_with_seeds_of_its_own_is_found_too(begun: Path, tmp_path: Path) -> None:
    """As a pilot's: the file gives the arms and their base."""
    ruled(tmp_path, tmp_path / "catalog", tmp_path / "model", seeds=[0, 1, 2])
    edited(begun, lambda study: study.pop("deciding"))
    assert read_results(begun).study["deciding"]["seeds"] == [0, 1]


def test_an_arm_that_failed_fails_and_one_that_waits_does_not(begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert unseen(["verify", str(begun)]) == 0
    files = ArmFiles(begun / "arms/first/seed-1")
    files.said.parent.mkdir(parents=True)
    files.said.write_text(json.dumps({"state": "failed", "error": "out of memory"}))
    capsys.readouterr()
    assert unseen(["verify", str(begun)]) == 1
    said = capsys.readouterr().out
    assert "fails     arms: 0 of 6 arms and seeds are finished, 1 failed" in said
    assert "first/seed-1: recorded planned, found failed: out of memory" in said


@pytest.mark.parametrize("by", ["steps", "exposures", "supervised_tokens", "seconds"])
def test_an_arm_with_ten_times_its_matched_examples_fails(
    tmp_path: Path, home: Path, tiny_model: Path, by: str
) -> None:
    catalog, arms = make_catalog(tmp_path / "catalog"), [{"name": "none"}, {"name": "first", "set": {"train.rank": 2}}]
    study = ruled(tmp_path, catalog, tiny_model, arms=arms, seeds=[0], matched=by)
    folder = tmp_path / "study"
    open_study(study, expand(study), folder)
    assert [run_arm(folder, arm.name, 0) for arm in expand(study)] == [0, 0]
    assert not [check for _, check in verify(folder, ("model",)) if check.outcome == "fails"]
    run, recipe = folder / "arms/first/seed-0", expand(study)[1].recipe
    shutil.rmtree(run)
    tune(with_examples(recipe, 30), run)
    failed = [(arm, check) for arm, check in verify(folder, ("model",)) if check.outcome == "fails"]
    assert [(arm, check.name) for arm, check in failed] == [("first/seed-0", "arm")]
