"""The run that a recipe on Start becomes, and the whole way in a browser."""

from __future__ import annotations

import re
from threading import Event
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import Studio
from tests.studio.job_states import has_ended, until
from tests.studio.start_program import DEMO
from unseen.studio import events
from unseen.studio.jobs import Jobs


def test_a_run_is_started_watched_and_found_in_the_list(studio: Studio, jobs: Jobs) -> None:
    answer = studio.ask("/start", {"text": DEMO, "before": DEMO, "do": "run"})
    assert (answer.status, answer.headers["location"]) == (303, "/start/jobs/demo")
    assert until(jobs, "demo", has_ended).kind == "finished"
    page = studio.ask("/start/jobs/demo").text
    assert "tuning: 20 steps" in page and 'href="/runs/demo"' in page and "Resume" not in page
    assert "finished</b>: its verdict and its scores are on its page" in page and "since it was started" not in page
    assert "event: gone" in studio.ask("/start/jobs/demo/watch").text
    assert "Runs started here: 1, none running now" in studio.ask("/start").text
    again = studio.ask("/start", {"text": DEMO, "before": DEMO, "do": "run"})
    assert again.headers["location"] == "/start/jobs/demo-2"
    until(jobs, "demo-2", has_ended)


def test_a_run_begins_again_from_its_recipe_and_is_not_shown_before_it_is_there(studio: Studio, jobs: Jobs) -> None:
    text = "# its own recipe\n" + DEMO.replace("seed: 0", "seed: 7")
    jobs.start("one", "# wait\n" + text)
    until(jobs, "one", lambda state: state.standing is not None)
    assert "<b>Now</b>: asking base 3 of 12" in studio.ask("/start/jobs/one").text
    page = studio.ask("/start/jobs/one").text
    assert "reading its rows" not in page  # what its folder would say, beside what it says itself
    assert re.search(r"\d+ s since it was started</p>", page)
    assert 'href="/runs/one"' not in page and "No checkpoint yet: resumed, it will begin again" in page
    link = re.search(r'href="(/start\?file=[^"]+)"', page)
    assert link and link[1] in studio.ask("/start").text
    assert "# its own recipe" in studio.ask(link[1]).text
    jobs.stop("one")
    until(jobs, "one", has_ended)


def test_a_page_that_watches_a_run_ends_with_the_server(
    studio: Studio, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.start("one", "# wait\n" + DEMO)
    closing = Event()
    closing.set()
    monkeypatch.setattr(events, "CLOSING", closing)
    assert studio.ask("/start/jobs/one/watch").text == ""
    jobs.stop("one")
    until(jobs, "one", has_ended)


def test_a_job_that_is_not_there_is_told(studio: Studio) -> None:
    for path in ("/start/jobs/none", "/start/jobs/none/watch", "/start/jobs/..%2f.."):
        assert studio.ask(path).status in (404, 422)
    assert studio.ask("/start/jobs/none/stop", {}).status == 422


def test_the_form_and_the_text_follow_each_other_as_one_types(page: Any) -> None:
    page.goto(re.sub(r"\?.*", "", page.url) + "start")
    expect(page.locator('[name="k.evaluate.rows"]')).to_be_visible()
    page.locator("#at-train summary").click()
    page.locator('[name="k.train.rank"]').fill("64")
    expect(page.locator("#yaml")).to_have_value(re.compile(r"rank: 64"))
    page.locator("#yaml").fill("name: other\nseen: [sentiment/*]\nunseen: [nli/*]\ntrain: {rank: x}\n")
    expect(page.locator('[name="k.name"]')).to_have_value("other")
    expect(page.locator('[data-wrong="train.rank"]')).to_contain_text("must be a whole number")
    page.locator('[name="k.train.rank"]').fill("8")
    expect(page.locator("#facts")).to_contain_text("The recipe is sound")


def test_a_recipe_is_planned_started_and_stopped_in_the_browser(page: Any, jobs: Jobs) -> None:
    page.goto(re.sub(r"\?.*", "", page.url) + "start")
    page.locator('[name="k.name"]').fill("wait")
    expect(page.locator("#yaml")).to_have_value(re.compile("name: wait"))
    page.get_by_role("button", name="What would it do?").click()
    expect(page.locator("#plan")).to_contain_text("812 MB")
    expect(page.get_by_role("heading", name="What it would do")).to_be_in_viewport()
    page.get_by_role("button", name="Start the run").click()
    expect(page.locator(".log")).to_contain_text("tuning: 20 steps")
    expect(page.locator(".note")).to_contain_text("its plan says about 2 min 30 s")
    assert jobs.job("wait").memory_mb == 1712  # and 900 MB of a process with torch
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.locator(".note")).to_contain_text("stopped")


def test_the_page_does_not_scroll_sideways_on_a_telephone(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(re.sub(r"\?.*", "", page.url) + "start")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
