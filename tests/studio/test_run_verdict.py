"""The verdict of a finished run stands at the top of its page, with what must be known of it, as in its report."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.reporting.page_runs import answers, record, write_run
from tests.studio.conftest import Studio
from unseen.reporting.page import run_page
from unseen.reporting.run_data import load_run
from unseen.study.record import write_record

MODEL = {"name": "tiny", "digest": "d1" * 32, "instruction_tuned_on": ["chats"]}


def words(page: str) -> str:
    """The verdict's own words on a page, without its markup."""
    found = re.search(r'<section[^>]*id="verdict".*?</section>', page, re.DOTALL)
    return " ".join(re.sub("<[^>]+>", " ", found[0]).split()) if found else ""


def test_the_verdict_of_the_page_is_that_of_the_report(studio: Studio) -> None:
    folder = write_run(studio.workspace.runs / "little", list(answers()))
    page = studio.ask("/runs/little").text
    assert words(page) == words(run_page(load_run(folder))) != ""
    assert page.index('id="verdict"') < page.index('id="progress"')
    assert 'href="/run-report/little" target="_blank"' in page and "Open the whole report" in page


def test_its_warnings_stand_there_and_not_twice(studio: Studio) -> None:
    write_run(studio.workspace.runs / "little", list(answers()), model=MODEL | {"conflicts": {"nli/small": "unknown"}})
    page = studio.ask("/runs/little").text
    assert words(page).count("Nobody says what the start model was instruction-tuned on") == 1
    assert page.count("Nobody says what") == 1 and "rows or answers were left out" in page


def test_means_without_void_tasks_come_from_the_predictions_as_in_the_report(studio: Studio) -> None:
    model = MODEL | {"conflicts": {"nli/small": ["chats"]}}
    folder = write_run(studio.workspace.runs / "little", list(answers()), model=model)
    page, verdict = studio.ask("/runs/little").text, studio.ask("/run-verdict/little").text
    assert 'data-fill="/run-verdict/little"' in page and words(page) == ""
    assert words(verdict) == words(run_page(load_run(folder))) and "Void:" in verdict


def test_a_run_that_is_not_finished_has_no_verdict_but_its_warnings(studio: Studio) -> None:
    folder = studio.workspace.runs / "now"
    folder.mkdir(parents=True)
    write_record(folder, record(summary=None, finished=None, model=MODEL | {"conflicts": {"nli/small": "unknown"}}))
    page = studio.ask("/runs/now").text
    assert 'id="verdict"' not in page and "Nobody says what the start model" in page


def test_the_report_opens_whole_in_a_tab_of_its_own(page: Any, studio: Studio) -> None:
    write_run(studio.workspace.runs / "little", list(answers()))
    page.goto(f"{studio.url}runs/little")
    expect(page.locator("#verdict .headline")).to_be_in_viewport()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the whole report").click()
    expect(opened.value.get_by_role("heading", name="The split and its proof")).to_be_visible()
