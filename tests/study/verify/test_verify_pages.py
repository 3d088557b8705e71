"""`unseen verify` of a study's page, which may be all that is left of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruled_studies import outcomes, ruled

from unseen.cli import run as unseen
from unseen.reporting.study_page import study_report
from unseen.study.arms import expand
from unseen.study.bundle import _packed, _unpacked, bundle_of, digest_of, embedded, plain, read_bundle, results_in
from unseen.study.fingerprint import identity_digest
from unseen.study.results import read_results
from unseen.study.study_folder import open_study
from unseen.study.verdict import analyse
from unseen.study.verify.page import verify_page


@pytest.fixture
def page(finished: Path) -> Path:
    """The page alone, without the study's folder."""
    path = study_report(finished, with_rows=False, out=finished.parent / "docs" / "made.html")
    shutil.rmtree(finished)
    return path


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


def test_a_page_holds_no_texts_and_no_paths(page: Path, finished: Path) -> None:
    bundle, _ = read_bundle(page)
    told = json.dumps(bundle) + _unpacked(bundle["records"]).decode()
    assert "secret" not in told and "prompt" not in bundle


def test_the_results_in_a_page_make_the_same_verdict(finished: Path) -> None:
    results = read_results(finished)
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
