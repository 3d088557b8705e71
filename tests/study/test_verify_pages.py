"""`unseen verify` of a study's page, which may be all that is left of it, and of a study's folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_studies import Made, write_study
from verified_runs import make_catalog, recipe_over

from unseen.cli import run as unseen
from unseen.data.rows import open_rows
from unseen.recipe import Recipe
from unseen.reporting.study_page import study_report
from unseen.study.bundle import _packed, _unpacked, bundle_of, digest_of, embedded, plain, read_bundle, results_in
from unseen.study.fingerprint import identity_digest
from unseen.study.record import read_record, write_record
from unseen.study.results import read_results
from unseen.study.run import tune
from unseen.study.verdict import analyse
from unseen.study.verify.page import verify_page
from unseen.study.verify.place import verify
from unseen.task.catalog import load_catalog

STUDY = Made({"none": 0.0, "first": 12.0, "second": "out of memory"}, rows=12, seeds=(0, 1))


@pytest.fixture
def study(tmp_path: Path, home: Path) -> Path:
    """A study of two finished arms, whose records have fingerprints of a recipe over rows that lie here."""
    catalog = make_catalog(tmp_path / "catalog")
    folder = write_study(tmp_path / "study", STUDY)
    (task,) = load_catalog([str(catalog)]).match(["houses/rooms"])
    for path in sorted(folder.glob("arms/*/seed-*/record.json")):
        record = read_record(path.parent)
        values = recipe_over(catalog, tmp_path / "model", learning_rate=1e-3).canonical()
        parts: dict[str, Any] = {
            "recipe": values,
            "templates": {"houses/rooms": "ab" * 32},
            "rows": {"houses/rooms/test": open_rows(task.dataset, "test").digest},
        }
        record |= {**parts, "versions": {"unseen": "0.1.0"}, "command": "unseen tune /home/me/secret.yaml"}
        record["fingerprint"] = identity_digest(**parts, model=record["model"]["digest"], unseen="0.1.0")
        write_record(path.parent, record)
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
    assert list(found)[:2] == ["results", "page"] and list(found)[-2:] == ["verdict", "rows"]
    assert sum("fingerprint" in name for name in found) == 4
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
    "rule": (another_rule, {"verdict"}),
    "recipe": (another_recipe, {FIRST}),
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


def committed() -> list[Path]:
    return sorted((Path(__file__).parents[2] / "docs" / "studies").glob("*.html"))


@pytest.mark.parametrize("path", committed(), ids=lambda path: path.stem)
def test_every_page_in_docs_holds(path: Path, home: Path) -> None:
    assert not [check for _, check in verify_page(path) if check.outcome == "fails"]
