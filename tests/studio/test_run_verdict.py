"""The verdict of a finished run stands at the top of its page, with what must be known of it, as in its report."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from playwright.sync_api import expect

from tests.reporting.page_runs import answers, record, write_run
from tests.studio.conftest import Studio
from unseen.data.places import shipped_catalog, user_catalog
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


def test_what_leads_into_the_report_opens_a_tab_and_leaves_the_studio_where_it_is(studio: Studio) -> None:
    fallen = [
        replace(each, chosen=0) if each.model == "tuned" and each.kind == "choose" else each for each in answers()
    ]
    write_run(studio.workspace.runs / "little", fallen)
    page = studio.ask("/runs/little").text
    assert re.search(r'<a href="/run-report/little#labels" target="_blank"[^>]*>answers given', page)


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


def lines(page: str) -> list[list[str]]:
    """The cells of each line of the table of tasks, as text."""
    found = page.partition('id="by-task"')[2].partition("</section>")[0].partition("<tbody>")[2]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in found.split("</tr>")]
    return [[" ".join(unescape(re.sub("<[^>]+>", "", cell)).split()) for cell in row] for row in rows if row]


def test_every_task_stands_under_the_verdict_with_the_scores_of_the_report(studio: Studio) -> None:
    """Held out and tuned on, each by its own metric, the medians over templates that scores.json holds."""
    folder = write_run(studio.workspace.runs / "little", list(answers()))
    page = studio.ask("/runs/little").text
    found = lines(page)
    assert [row[:3] for row in found] == [
        ["held out", "nli/other", "accuracy, zero-shot"],
        ["held out", "nli/small", "accuracy, zero-shot"],
        ["held out", "talk/say", "ROUGE-L, zero-shot"],
        ["tuned on", "films/liked", "accuracy, zero-shot"],
    ]
    scores = json.loads((folder / "scores.json").read_text())
    for _, task, _, *shown in found:
        for model, cell in zip(("base", "tuned", "difference"), shown, strict=True):
            place = {"task": task, "model": model, "template": None}
            (score,) = [row["score"] for row in scores if {name: row[name] for name in place} == place]
            assert float(cell.split(" ")[0].replace("\N{MINUS SIGN}", "-")) == pytest.approx(score, abs=0.051)
    assert "on rows of it that were not" in page
    assert page.index('id="verdict"') < page.index('id="by-task"') < page.index("Open the whole report")


def test_ones_own_tasks_come_first_and_are_called_so(studio: Studio, home: Path) -> None:
    file = user_catalog() / "small.yaml"
    file.parent.mkdir(parents=True)
    values = yaml.safe_load((shipped_catalog() / "film_notes.yaml").read_text(encoding="utf-8"))
    files = {split: str(shipped_catalog() / path) for split, path in values["source"]["files"].items()}
    own = {"dataset": "small", "cluster": "nli", "origin": ["small"], "source": {"files": files}}
    file.write_text(yaml.safe_dump(values | own))
    write_run(studio.workspace.runs / "little", list(answers()))
    assert [row[1] for row in lines(studio.ask("/runs/little").text)][:2] == ["nli/small (yours)", "nli/other"]


def test_a_void_task_is_struck_through_and_one_that_was_not_asked_is_told(studio: Studio) -> None:
    model = MODEL | {"conflicts": {"nli/small": ["chats"]}}
    unseen = [each for each in answers() if each.side == "unseen"]
    write_run(studio.workspace.runs / "little", unseen, model=model)
    page = studio.ask("/runs/little").text
    assert "<s>nli/small</s>" in page and page.count("<s><span") == 3
    assert "were not asked: evaluate.seen asks them too" in page


def test_many_tasks_are_the_first_few_and_a_way_to_all(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unseen.studio.pages.run_tasks.MOST", 3)
    monkeypatch.setattr("unseen.studio.pages.run_tasks.AT_ONCE", 0)
    write_run(studio.workspace.runs / "little", list(answers()))
    assert 'data-fill="/run-tasks/little"' in studio.ask("/runs/little").text
    page = studio.ask("/run-tasks/little").text
    assert len(lines(page)) == 3 and "and 1 more task" in page


PICTURES = 30  # that are taken until one shows it: a busy machine paints late


def painted(page: Any, place: Any) -> bool:
    """Whether a picture of the whole page, taken without scrolling, shows anything there."""
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("L")
    box = place.bounding_box()
    left, top = round(box["x"]), round(box["y"] + page.evaluate("scrollY"))
    low, high = picture.crop((left + 4, top + 4, left + round(box["width"]) - 20, top + 300)).getextrema()
    return bool(high - low > 100)


def test_the_report_is_never_a_blank_box(page: Any, studio: Studio) -> None:
    """Chromium paints a frame of another origin when it is first in view: a frame that stands open far below is blank
    in pictures of the whole page. It is opened by keyboard, and is painted then."""
    write_run(studio.workspace.runs / "little", list(answers()))
    page.goto(f"{studio.url}runs/little")
    frame = page.locator("iframe")
    expect(frame).not_to_be_visible()
    page.get_by_text("Show the report here").press("Enter")
    expect(page.frame_locator("iframe").locator("h1")).to_contain_text("little")
    expect(frame).to_be_in_viewport()
    assert any(painted(page, frame) for _ in range(PICTURES))


def test_the_report_opens_whole_in_a_tab_of_its_own(page: Any, studio: Studio) -> None:
    write_run(studio.workspace.runs / "little", list(answers()))
    page.goto(f"{studio.url}runs/little")
    expect(page.locator("#verdict .headline")).to_be_in_viewport()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the whole report").click()
    expect(opened.value.get_by_role("heading", name="The split and its proof")).to_be_visible()
