"""Several runs on one page: paired differences, settings that differ, and no run recommended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_runs import RECIPE, answers, record, write_run

from unseen.evaluation.aggregate import aggregate
from unseen.reporting.contest import contests
from unseen.reporting.page import report
from unseen.reporting.run_data import load_run


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    other = RECIPE.model_copy(update={"seed": 3}).canonical()
    return [
        write_run(tmp_path / "a", list(answers(gain=0.1))),
        write_run(tmp_path / "b", list(answers(gain=0.6)), recipe=other),
    ]


def test_a_comparison_shows_verdicts_pairs_and_only_the_settings_that_differ(
    runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert report(runs) == Path("comparison.html")
    page = Path("comparison.html").read_text(encoding="utf-8")
    settings = page[page.index('<section id="settings"') :]
    assert re.search(r">seed</td><td[^>]*>0</td><td[^>]*>3</td>", settings) and "learning_rate" not in settings
    assert "B minus A" in page and "recommends no run" in page
    assert page.count('class="score"') == len(re.findall(r'class="interval">(?:\[|no)', page))


def test_runs_are_paired_by_question(runs: list[Path]) -> None:
    first, second = map(load_run, runs)
    found = contests(first, second)
    tuned = [[each for each in run.predictions if each.model == "tuned"] for run in (first, second)]
    assert found.questions == len(tuned[0]) and found.alone == 0 and not found.unequal
    medians = [
        {row.task: row.score for row in aggregate(each).scores if row.task and row.template is None} for each in tuned
    ]
    for row in found.rows:
        assert row.score == pytest.approx(medians[1][row.task] - medians[0][row.task])


def test_a_run_against_itself_differs_by_nothing(runs: list[Path]) -> None:
    run = load_run(runs[0])
    assert {row.score for row in contests(run, run).rows} == {0.0}


def test_tasks_over_other_rows_are_left_out_and_named(runs: list[Path], tmp_path: Path) -> None:
    rows = record()["rows"] | {"nli/small/test": "other rows"}
    changed = write_run(tmp_path / "c", list(answers()), rows=rows)
    found = contests(load_run(runs[0]), load_run(changed))
    assert found.unequal == ("nli/small",) and "nli/small" not in {row.task for row in found.rows}
    assert "nli/other" in {row.task for row in found.rows}
    page = report([runs[0], changed], out=tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Left out, since their rows differ: nli/small" in page


def test_questions_of_one_run_only_are_counted(runs: list[Path], tmp_path: Path) -> None:
    short = write_run(tmp_path / "short", list(answers(rows=5)))
    found = contests(load_run(runs[0]), load_run(short))
    assert (found.questions, found.alone) == (5 * 2 * 4, 7 * 2 * 4)


def test_equal_runs_have_no_settings_that_differ(runs: list[Path], tmp_path: Path) -> None:
    page = report([runs[0], runs[0]], out=tmp_path / "page.html").read_text(encoding="utf-8")
    assert "same settings, model and versions" in page
