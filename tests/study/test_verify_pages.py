"""`unseen verify` of a study's page, which may be all that is left of it, and of a study's folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from made_studies import Made, write_study
from verified_runs import make_catalog, recipe_over

from unseen.cli import run as unseen
from unseen.data.rows import open_rows
from unseen.recipe import Recipe
from unseen.reporting.study_page import study_report
from unseen.study.arm import run_arm
from unseen.study.arms import expand
from unseen.study.bundle import _packed, _unpacked, bundle_of, digest_of, embedded, plain, read_bundle, results_in
from unseen.study.fingerprint import identity_digest
from unseen.study.matching import with_examples
from unseen.study.record import read_record, write_record
from unseen.study.results import read_results
from unseen.study.run import tune
from unseen.study.study_file import Study, load_study
from unseen.study.study_folder import ArmFiles, open_study
from unseen.study.verdict import analyse
from unseen.study.verify.outcome import Check
from unseen.study.verify.page import verify_page
from unseen.study.verify.place import verify
from unseen.task.catalog import load_catalog

STUDY = Made({"none": 0.0, "first": 12.0, "second": "out of memory"}, rows=12, seeds=(0, 1))


def ruled(place: Path, catalog: Path, model: Path, **said: Any) -> Study:
    """A study over the rows of `catalog`, its file in `place`."""
    values: dict[str, Any] = {
        "study": "made",
        "question": "Does the first arm do better than none?",
        "base": recipe_over(catalog, model, steps=1).canonical() | {"mixture": {"rate": "equal"}},
        "arms": [{"name": name} for name in STUDY.arms],
        "baseline": "none",
        "seeds": list(STUDY.seeds),
        "matched": "exposures",
    }
    path = place / "made.yaml"
    path.write_text(yaml.safe_dump(values | said))
    return load_study(path)


@pytest.fixture
def begun(tmp_path: Path, home: Path) -> Path:
    """The folder of a study of which no arm has run."""
    study = ruled(tmp_path, make_catalog(tmp_path / "catalog"), tmp_path / "model")
    open_study(study, expand(study), tmp_path / "begun")
    return tmp_path / "begun"


@pytest.fixture
def study(tmp_path: Path, begun: Path) -> Path:
    """A study of two finished arms, whose records have fingerprints of a recipe over rows that lie here."""
    folder = write_study(tmp_path / "study", STUDY)
    shutil.copy(begun / "study.json", folder / "study.json")
    (task,) = load_catalog([str(tmp_path / "catalog")]).match(["houses/rooms"])
    for arm in json.loads((folder / "study.json").read_text())["arms"]:
        if not (folder / arm["folder"]).is_dir():
            continue
        record = read_record(folder / arm["folder"])
        parts: dict[str, Any] = {
            "recipe": with_examples(Recipe.model_validate(arm["recipe"]), 3).canonical(),
            "templates": {"houses/rooms": "ab" * 32},
            "rows": {"houses/rooms/test": open_rows(task.dataset, "test").digest},
        }
        record |= {**parts, "versions": {"unseen": "0.1.0"}, "command": "unseen tune /home/me/secret.yaml"}
        record["counts"] = {"examples": 3, "epoch_length": 22, "rates": {"weather/days": 1.0}}
        record["training"] |= {"steps": 1, "positions_computed": 90}
        record["fingerprint"] = identity_digest(**parts, model=record["model"]["digest"], unseen="0.1.0")
        write_record(folder / arm["folder"], record)
    return folder


@pytest.fixture
def page(study: Path) -> Path:
    """The page alone, without the study's folder."""
    path = study_report(study, with_rows=False, out=study.parent / "docs" / "made.html")
    shutil.rmtree(study)
    return path


def outcomes(path: Path) -> dict[str, str]:
    return {f"{arm} {check.name}".strip(): check.outcome for arm, check in verify_page(path)}


def failing(path: Path) -> set[str]:
    return {name for name, outcome in outcomes(path).items() if outcome == "fails"}


def test_a_page_holds_without_its_runs(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = outcomes(page)
    assert set(found.values()) == {"holds"}
    assert list(found)[:4] == ["results", "page", "rule", "planned arms"] and list(found)[-2:] == ["verdict", "rows"]
    assert sum("fingerprint" in name for name in found) == sum(name.endswith(" arm") for name in found) == 4
    assert unseen(["verify", str(page)]) == 0
    said = capsys.readouterr().out
    assert "holds     verdict: the verdict and its table, from the values of 4 finished arms and seeds" in said
    assert "holds     rows: 1 of 1 splits of rows lie here and were hashed again" in said


def test_a_page_holds_no_texts_and_no_paths(page: Path, study: Path) -> None:
    bundle, _ = read_bundle(page)
    told = json.dumps(bundle) + _unpacked(bundle["records"]).decode()
    assert "secret" not in told and "prompt" not in bundle


def test_the_results_in_a_page_make_the_same_verdict(study: Path) -> None:
    results = read_results(study)
    again = results_in(json.loads(json.dumps(bundle_of(results, {}))))
    assert plain(analyse(again)) == plain(analyse(results))
    assert again.arms[0].answers(results.rule).blocks.keys() == results.arms[0].answers(results.rule).blocks.keys()


def rewritten(page: Path, change: Callable[[dict[str, Any]], None], sealed: bool) -> None:
    """The block changed in place; `sealed`: with a digest that fits."""
    bundle, _ = read_bundle(page)
    text = page.read_text()
    before = json.dumps(bundle, ensure_ascii=True, sort_keys=True).replace("</", "<\\/")
    change(bundle)
    if sealed:
        bundle["sha256"] = digest_of(bundle)
    assert before in text
    page.write_text(text.replace(before, json.dumps(bundle, ensure_ascii=True, sort_keys=True).replace("</", "<\\/")))


def another_word(bundle: dict[str, Any]) -> None:
    bundle["verdict"]["arms"][1]["word"] = "worse"


def another_number(bundle: dict[str, Any]) -> None:
    bundle["verdict"]["arms"][1]["difference"]["main"]["value"] += 0.5


def another_rule(bundle: dict[str, Any]) -> None:
    bundle["study"]["decision"]["smallest"] = 50.0


def another_recipe(bundle: dict[str, Any]) -> None:
    records = json.loads(_unpacked(bundle["records"]))
    records[0]["recipe"]["train"]["learning_rate"] = 0.5
    bundle["records"] = _packed(json.dumps(records).encode())


def ten_times(bundle: dict[str, Any]) -> None:
    """An arm was given ten times the examples of what it is compared with, and its fingerprint fits."""
    records = json.loads(_unpacked(bundle["records"]))
    record = records[2]
    record["recipe"]["train"]["examples"] = record["counts"]["examples"] = 30
    parts = {name: record[name] for name in ("recipe", "templates", "rows")}
    record["fingerprint"] = identity_digest(**parts, model=record["model"]["digest"], unseen="0.1.0")
    bundle["records"] = _packed(json.dumps(records).encode())


def another_comparison(bundle: dict[str, Any]) -> None:
    bundle["arms"][2]["against"] = bundle["arms"][3]["against"] = "base"


def one_arm_less(bundle: dict[str, Any]) -> None:
    records = json.loads(_unpacked(bundle["records"]))
    bundle["arms"], bundle["records"] = bundle["arms"][:4], _packed(json.dumps(records[:4]).encode())


def other_rows(bundle: dict[str, Any]) -> None:
    records = json.loads(_unpacked(bundle["records"]))
    for record in records:
        if record:
            record["rows"]["houses/rooms/test"] = "cd" * 32
    bundle["records"] = _packed(json.dumps(records).encode())


def other_values(bundle: dict[str, Any]) -> None:
    values = bytearray(_unpacked(bundle["values"]))
    values[0:600:2] = bytes(100 - value for value in values[0:600:2])
    bundle["values"] = _packed(bytes(values))


FIRST = "none/seed-0 fingerprint"
CHANGED = {
    "word": (another_word, {"verdict"}),
    "number": (another_number, {"verdict"}),
    "rule": (another_rule, {"rule", "verdict"}),
    "recipe": (another_recipe, {FIRST, "none/seed-0 arm"}),
    "examples": (ten_times, {"first/seed-0 arm"}),
    "comparison": (another_comparison, {"planned arms", "verdict"}),
    "arms": (one_arm_less, {"planned arms", "verdict"}),
    "rows": (other_rows, {FIRST, "none/seed-1 fingerprint", "first/seed-0 fingerprint", "rows"}),
    "values": (other_values, {"verdict"}),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_block_fails_and_one_with_a_fitting_digest_too(page: Path, name: str) -> None:
    change, fails = CHANGED[name]
    kept = page.read_text()
    rewritten(page, change, sealed=False)
    assert {"results", *fails} <= failing(page)
    page.write_text(kept)
    rewritten(page, change, sealed=True)
    assert fails <= failing(page) and "results" not in failing(page)


def judged_anew(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """The change, and the verdict made to fit."""

    def changed(bundle: dict[str, Any]) -> None:
        change(bundle)
        bundle["verdict"] = plain(analyse(results_in(bundle)))

    return changed


def test_a_rule_changed_afterwards_fails_where_digests_and_verdict_fit_it(page: Path) -> None:
    kept = page.read_text()
    rewritten(page, judged_anew(another_rule), sealed=True)
    assert failing(page) == {"rule"}
    (check,) = [check for _, check in verify_page(page) if check.name == "rule"]
    assert [(each.where, each.recorded, each.found) for each in check.differences] == [
        ("decision.smallest", "2.0", "50.0")
    ]
    page.write_text(kept)
    rewritten(page, judged_anew(everywhere), sealed=True)
    assert failing(page) == {"rule"}
    page.write_text(kept)
    rewritten(page, judged_anew(one_arm_less), sealed=True)
    assert failing(page) == {"planned arms"}


def everywhere(bundle: dict[str, Any]) -> None:
    another_rule(bundle)
    bundle["study"]["deciding"]["decision"]["smallest"] = 50.0


def test_a_page_of_a_study_that_kept_no_rule_says_so(page: Path) -> None:
    rewritten(page, lambda bundle: bundle["study"].pop("deciding"), sealed=True)
    found = outcomes(page)
    assert found["rule"] == "not kept" and "planned arms" not in found and "fails" not in found.values()


def test_arms_that_cannot_be_made_again_here_are_told_and_not_passed(begun: Path, tmp_path: Path) -> None:
    """A grid over tasks needs their catalog."""
    grid = {"grid": "powers", "of": "tasks", "to": "all"}
    study = ruled(tmp_path, tmp_path / "catalog", tmp_path / "model", arms=[grid], baseline={"each": "base"})
    open_study(study, expand(study), tmp_path / "grid")
    path = study_report(tmp_path / "grid", with_rows=False, out=tmp_path / "grid.html")
    assert outcomes(path)["planned arms"] == "holds"
    shutil.rmtree(tmp_path / "catalog")
    assert outcomes(path)["planned arms"] == "skipped" and outcomes(path)["rule"] == "holds"


def test_a_changed_word_of_the_page_itself_fails(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page.write_text(page.read_text().replace("first", "second", 1))
    assert failing(page) == {"page"}
    assert unseen(["verify", str(page)]) == 1
    assert "fails     page: " in capsys.readouterr().out


def test_rows_that_lie_elsewhere_are_told_and_not_passed(page: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "catalog")
    assert outcomes(page)["rows"] == "skipped"


def test_a_page_without_results_is_the_users_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "page.html").write_text("<html><body>better!</body></html>")
    (tmp_path / "cut.html").write_text(embedded("<html><body></body></html>", {"format": 1})[:-40])
    for name in ("page.html", "cut.html"):
        assert unseen(["verify", str(tmp_path / name)]) == 2
        assert "carries no study's results" in capsys.readouterr().err


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


def test_a_study_whose_rule_was_changed_gets_no_page(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert unseen(["study", "report", str(study)]) == 0
    edited(study, other_decision)
    for more in ((), ("--json",), ("--format", "md")):
        assert unseen(["study", "report", str(study), *more]) == 2
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
