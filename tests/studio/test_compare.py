"""Several runs beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.reporting.page_runs import answers, record, write_run
from tests.studio.conftest import Studio


@pytest.fixture
def two(studio: Studio) -> Path:
    runs = studio.workspace.runs
    write_run(runs / "one", list(answers(gain=0.2)))
    recipe = record()["recipe"] | {"seed": 7}
    write_run(runs / "two", list(answers(gain=0.6)), name="second", recipe=recipe)
    return runs


def test_two_runs_are_compared_as_the_report_does(studio: Studio, two: Path) -> None:
    page = studio.ask("/compare?run=one&run=two").text
    assert "2 runs compared" in page and "A from 4 to" in page and "run1" in page
    scores = studio.ask("/compare-scores?run=one&run=two").text
    assert "B minus A" in scores and "96 questions in both runs" in scores and "<td" in scores and "seed" in scores


def test_fewer_than_two_runs_say_what_to_do(studio: Studio, two: Path) -> None:
    assert "Mark two runs or more" in studio.ask("/compare?run=one&run=one").text
    assert studio.ask("/compare?" + "&".join(f"run=one{n}" for n in range(9))).status == 422
    assert studio.ask("/compare?run=one&run=gone").status == 422


def test_marked_runs_are_compared_and_tables_are_sorted_and_narrowed(page: Any, studio: Studio, two: Path) -> None:
    page.goto(f"{studio.url}runs")
    page.get_by_label("Mark one").check()
    page.get_by_label("Mark two").check()
    page.get_by_role("button", name="Compare the marked runs").click()
    table = page.locator("#scores table").first
    page.locator("#compared").scroll_into_view_if_needed()
    expect(table.locator("tbody tr")).to_have_count(4)
    table.get_by_role("button", name="tuned minus base").click()
    expect(table.locator("th[aria-sort=ascending]")).to_have_text("tuned minus base")
    page.get_by_label("Narrow the tables").fill("nli/small")
    expect(table.locator("tbody tr:visible")).to_have_count(2)
