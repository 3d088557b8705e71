"""Runs: what lies in the folder of runs, one run while it goes on and when it is done, and pages from elsewhere."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from tests.reporting.page_runs import HOSTILE, RECIPE, answers, record, write_run, write_steps
from tests.studio.conftest import Studio
from tests.studio.job_states import has_ended, until
from unseen.reporting.figures.curve import thinned
from unseen.studio.jobs import Jobs
from unseen.studio.pages.run_progress import tick_number
from unseen.studio.step_curves import Curves
from unseen.study.record import write_record
from unseen.train.steplog import StepLine


@pytest.fixture
def runs(studio: Studio) -> Path:
    studio.workspace.runs.mkdir()
    return studio.workspace.runs


@pytest.fixture
def done(runs: Path) -> Path:
    return write_run(runs / "little", list(answers()))


def going_on(folder: Path, steps: int = 2, **changes: Any) -> Path:
    """A run that wrote its steps a moment ago and is not finished: 64 examples, 8 a step."""
    folder.mkdir(parents=True)
    write_steps(folder, steps)
    recipe = RECIPE.canonical()
    recipe["train"]["examples_per_step"] = 8
    write_record(folder, record(summary=None, finished=None, recipe=recipe) | changes)
    return folder


def line(step: int, **changes: Any) -> str:
    made = StepLine(step, 2.0, 1e-4, 1.0, 20, 90, 88, 60, 100, 0.5, step / 3)
    return json.dumps(asdict(made) | changes) + "\n"


def age(folder: Path, seconds: float) -> None:
    for file in (folder, *folder.iterdir()):
        was = file.stat().st_mtime - seconds
        os.utime(file, (was, was))


def test_a_run_that_the_studio_started_is_stopped_when_its_process_is(studio: Studio, runs: Path) -> None:
    """Not two minutes later: the studio knows the process. The run's page has the button that goes with it."""
    jobs = Jobs(runs, patience=0.5, program=(sys.executable, "-c", "import time; time.sleep(600)"))
    jobs.start("mine", "name: mine")
    going_on(runs / "mine")
    text = studio.ask("/runs/mine").text
    assert "running" in text and 'action="/start/jobs/mine/stop"' in text and "data-stream" in text
    jobs.stop("mine")
    until(jobs, "mine", has_ended)
    text = studio.ask("/runs/mine").text
    assert "stopped" in text and 'action="/start/jobs/mine/resume"' in text and "data-stream" not in text
    assert "stopped" in studio.ask("/runs").text


def test_an_empty_workspace_says_what_to_do(studio: Studio) -> None:
    text = studio.ask("/runs").text
    assert "yet." in text and 'href="/start"' in text and "unseen tune RECIPE" in text


def test_runs_say_how_far_they_are_and_what_they_found(studio: Studio, done: Path, runs: Path) -> None:
    going_on(runs / "deeper" / "another")
    text = studio.ask("/runs").text
    assert "/runs/little" in text and "done" in text
    score = r"unseen accuracy, zero-shot: [\d.]+ → [\d.]+, [+−\d.]+ \[[^]]+\], \d+ rows<"
    assert re.search(score, text)
    assert "/runs/deeper/another" in text and "running" in text and "2 of 8" in text


def test_a_run_that_is_silent_for_long_counts_as_stopped(studio: Studio, runs: Path) -> None:
    age(going_on(runs / "killed"), 3600)
    assert "stopped" in studio.ask("/runs?q=killed").text
    text = studio.ask("/runs/killed").text
    assert "wrote nothing for 1 h" in text and "--resume" in text and "data-stream" not in text


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"name": 3}', '{"kind": "diverse questions"}', "\x00", "null"])
def test_a_damaged_folder_is_one_line_and_the_others_are_shown(
    studio: Studio, done: Path, runs: Path, broken: str
) -> None:
    (runs / "broken").mkdir()
    (runs / "broken" / "record.json").write_text(broken)
    answer = studio.ask("/runs")
    assert answer.status == 200 and "/runs/little" in answer.text and answer.text.count("! </span>") == 0
    assert len(re.findall('class="state damaged"', answer.text)) == 1
    assert studio.ask("/runs/broken").status == 422


@pytest.mark.parametrize("path", ["..", "../other", "little/../../other", "%2e%2e/other", "/etc", "little%00", "gone"])
def test_no_path_leads_out_of_the_folder_of_runs(studio: Studio, done: Path, runs: Path, path: str) -> None:
    write_run(runs.parent / "other", list(answers(2)))
    for page in ("runs", "run-report", "run-scores", "predictions", "prediction-list", "run-progress", "study-report"):
        answer = studio.ask(f"/{page}/{path}")
        assert answer.status in (404, 422) and "f1f1f1f1" not in answer.text


def test_every_word_of_a_search_must_be_met(studio: Studio, done: Path, runs: Path) -> None:
    write_run(runs / "other", list(answers(2)), name="second")
    found = studio.ask("/runs?q=second+films").text
    assert "/runs/other" in found and "/runs/little" not in found
    assert "Nothing matches" in studio.ask("/runs?q=second+xyzzy").text


def test_a_run_shows_its_curves_scores_recipe_and_record(studio: Studio, done: Path) -> None:
    text = studio.ask("/runs/little").text
    assert "Training loss from 4.00" in text and "Gradient norm" in text and "unseen tune little.yaml" in text
    scores = studio.ask("/run-scores/little").text
    assert "Tuned against base" in scores and "nli/small" in scores


def test_a_finished_run_says_at_once_what_was_left_out_and_nothing_of_now(studio: Studio, done: Path) -> None:
    text = studio.ask("/runs/little").text
    assert "9 rows or answers were left out (unseen: nli/small: unlabelled rows 9)" in text
    assert 'href="/run-report/little#left-out" target="_blank"' in text
    assert "Learning rate: 0.0001 at first, 0.0001 at last" in text
    going_on(done.parent / "now")
    assert "0.0001 now" in studio.ask("/runs/now").text


def test_a_report_from_elsewhere_can_do_nothing(studio: Studio, done: Path) -> None:
    (done / "report.html").write_text("<script>parent.document.title = 'x'</script>hello")
    answer = studio.ask("/run-report/little")
    policy = answer.headers["content-security-policy"]
    assert "hello" in answer.text and policy.startswith("sandbox;") and "default-src 'none'" in policy
    assert "allow-" not in policy and "script-src" not in policy
    assert 'sandbox=""' in studio.ask("/runs/little").text


def test_a_report_that_is_a_link_to_elsewhere_is_not_followed(studio: Studio, done: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret")
    (done / "report.html").symlink_to(tmp_path / "secret")
    answer = studio.ask("/run-report/little")
    assert answer.status == 200 and "the secret" not in answer.text and "nli/small" in answer.text


def test_html_in_a_record_stays_text(studio: Studio, runs: Path) -> None:
    going_on(runs / "evil", name=HOSTILE, command=HOSTILE)
    text = studio.ask("/runs").text + studio.ask("/runs/evil").text
    assert "<script>alert" not in text and "<img" not in text and "&lt;script&gt;" in text


def test_lines_that_are_no_steps_are_counted(studio: Studio, runs: Path) -> None:
    folder = going_on(runs / "odd")
    with (folder / "steps.jsonl").open("a") as file:
        file.write('{"step": 3}\nnonsense\n' + line(4, loss=float("nan")) + '{"step": 5, "los')
    text = studio.ask("/runs/odd").text
    assert "2 lines of steps.jsonl could not be read" in text and "1 value left out" in text
    assert "3 of 8" in text


def test_curves_read_on_equal_curves_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    text = "".join(line(step, loss=3 / step, validation_loss=1.0 if step % 7 == 0 else None) for step in range(1, 60))
    grown = Curves(path)
    for end in (0, 1, 500, 5000, len(text) - 1, len(text)):
        path.write_text(text[:end]) if end == 0 else append(path, text[path.stat().st_size : end])
        grown.read_on()
    whole = Curves(path)
    whole.read_on()
    assert grown.steps == whole.steps and grown.values == whole.values and grown.validation == whole.validation
    assert len(whole.steps) == 59 and len(whole.validation) == 8


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_a_resumed_run_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    path.write_text("".join(line(step) for step in range(1, 10)))
    curves = Curves(path)
    curves.read_on()
    part = tmp_path / "part"
    part.write_text("".join(line(step, loss=5.0) for step in range(1, 12)))
    part.replace(path)
    curves.read_on()
    assert list(curves.steps) == [*range(1, 12)] and set(curves.values["loss"]) == {5.0}


@given(st.floats(-1e6, 1e6))
def test_a_grid_line_has_its_own_number_or_none(value: float) -> None:
    """Round 1e-4 and 1.05e-4 were one number at two heights."""
    said = tick_number(value)
    assert said == "" or float(said) == pytest.approx(value, rel=1e-5)
    assert tick_number(1e-4) == "1e-4" and tick_number(1.05e-4) == "" and tick_number(2.5) == "2.5"


def test_many_steps_are_few_points(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    path.write_text("".join(line(step, loss=float(step)) for step in range(1, 5001)))
    curves = Curves(path)
    curves.read_on()
    points = curves.points("loss")
    assert len(points) <= 500 and points[-1][0] == 5000
    assert points == thinned([(step, float(step)) for step in range(1, 5001)])


def events(studio: Studio, path: str) -> Iterator[str]:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=30)
    cookie = {"Cookie": f"unseen_studio_{studio.port}=a-token-for-tests-only"}
    connection.request("GET", path, headers=cookie)
    answer = connection.getresponse()
    assert answer.headers["content-type"].startswith("text/event-stream")
    for sent in answer:
        if sent.startswith(b"event: "):
            yield sent.decode().split()[1]
    connection.close()


def test_the_stream_ends_when_the_run_does(studio: Studio, runs: Path) -> None:
    folder = going_on(runs / "now")
    found = events(studio, "/run-progress/now")
    assert next(found) == "part"
    write_record(folder, record(summary=None))
    assert [*found][-1] == "gone"


def test_a_page_follows_its_run(page: Any, studio: Studio, runs: Path) -> None:
    folder = going_on(runs / "now")
    page.goto(f"{studio.url}runs/now")
    expect(page.locator(".standing")).to_contain_text("running · 2 of 8 steps")
    append(folder / "steps.jsonl", line(3) + line(4))
    expect(page.locator(".standing")).to_contain_text("4 of 8 steps")
    expect(page.locator(".standing")).to_contain_text("tuning left")
    write_record(folder, record(summary=None))
    expect(page.locator(".standing")).to_contain_text("done")


def test_the_first_step_of_a_run_is_drawn(studio: Studio, runs: Path) -> None:
    """One point makes no line."""
    folder = write_run(runs / "one", list(answers(2)))
    write_steps(folder, 1)
    curves = studio.ask("/runs/one").text.partition('class="curves"')[2]
    rings = re.findall(r'<circle[^>]* class="train alone"><title>([^<]+)', curves)
    assert rings == ["step 1: 4", "step 1: 0.0001", "step 1: 1"]
    write_steps(folder, 2)
    curves = studio.ask("/runs/one").text.partition('class="curves"')[2]
    assert "train alone" not in curves and "<polyline" in curves


def test_runs_are_searched_and_opened_by_keyboard(page: Any, studio: Studio, done: Path, runs: Path) -> None:
    write_run(runs / "other", list(answers(2)), name="second")
    page.goto(f"{studio.url}runs")
    page.keyboard.press("/")
    page.keyboard.type("second")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="other").press("Enter")
    page.get_by_text("Reading the scores").scroll_into_view_if_needed()
    expect(page.locator("#scores h2")).to_have_text("Scores by task and template")
    page.get_by_text("Show the report here").press("Enter")
    expect(page.frame_locator("iframe").locator("h1")).to_contain_text("second")


def test_nothing_scrolls_sideways_on_a_narrow_screen(page: Any, studio: Studio, done: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    for path in ("runs", "runs/little", "predictions/little", "prediction/0/little"):
        page.goto(f"{studio.url}{path}")
        expect(page.locator("main")).to_be_visible()
        for place in page.query_selector_all("[data-fill]"):
            place.scroll_into_view_if_needed()
        expect(page.locator("[data-fill]")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
