"""Every page, looked at without a script: it answers, fits a telephone, and can be printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.routing import Route

from tests.diversify.made_reviews import wordings_file
from tests.reporting.page_runs import answers, write_run
from tests.studio.conftest import Studio
from tests.study.made_studies import Made, write_study
from unseen.model.random_models import random_folder
from unseen.studio.app import PAGES
from unseen.studio.jobs import Jobs

RECIPE = "name: small\nseen: [sentiment/film_notes]\nunseen: [nli/fact_follows]\nmixture: {cap: 20}\n"
FILM, NEWS = "sentiment/film_notes", "topic/news_briefs"
NO_PAGES = {  # GET routes that scripts read: server-sent events and JSON
    "/start/plan/{key}",
    "/start/jobs/{name}/watch",
    "/run-progress/{path:path}",
    "/models/stream",
    "/mixture/stream",
    "/templates/checked/{draft}",
    "/templates/opened",
    "/ask/question",
    "/ask/stream/{talk}/{turn}/{column}",
}
HIDDEN = """() => [...document.querySelectorAll("h1, h2, h3, table, th")]
    .filter((each) => !each.closest("details:not([open])") && !each.checkVisibility())
    .map((each) => each.outerHTML.slice(0, 90))"""
LEFT = """() => [...document.querySelectorAll("nav, button, .button")]
    .filter((each) => !each.closest("th") && each.checkVisibility()).map((each) => each.outerHTML.slice(0, 90))"""
WIDTH = "document.documentElement.scrollWidth"


def routes() -> set[str]:
    """The paths that answer GET, as they are written in the routes."""
    found = [route for page in PAGES for route in page.routes() if isinstance(route, Route)]
    return {route.path for route in found if "GET" in (route.methods or ())}


@pytest.fixture
def addresses(studio: Studio, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, list[str]]:
    """For each page's route, where it shows something, and where it has nothing or something wrong to show."""
    monkeypatch.chdir(tmp_path)
    runs = studio.workspace.runs
    for name in ("little", "other"):
        write_run(runs / name, list(answers(3)))
    void = {"name": "tiny", "digest": "d1" * 32, "conflicts": {"nli/small": ["chats"], "nli/other": "unknown"}}
    write_run(runs / "void", list(answers(3)), model=void)
    write_study(runs / "study", Made({"none": 0.0, "ten": 10.0}, rows=8, seeds=(0, 1)))
    jobs = Jobs(runs, program=("/bin/echo",))
    studio.workspace.kept("jobs", runs, lambda: jobs)
    jobs.start("job", RECIPE)
    studio.ask("/start/follow", {"text": RECIPE, "before": RECIPE, "page": "one"})
    texts = quote(str(wordings_file(tmp_path)))
    (tmp_path / "rows.csv").write_text("text,label\n" + "".join(f"some words {n},{n % 2}\n" for n in range(9)))
    rows, model = quote(str(tmp_path / "rows.csv")), quote(str(random_folder("tiny-random-llama")))
    job = compared(studio)
    return {
        "/": ["/", "/?q=xyzzy", "/?from=60"],
        "/datasets/{cluster}/{name}": [f"/datasets/{FILM}", "/datasets/no/such"],
        "/counts/{cluster}/{name}": [f"/counts/{FILM}"],
        "/rows/{cluster}/{name}/{split}": [f"/rows/{FILM}/train", f"/rows/{FILM}/train?from=9999", f"/rows/{FILM}/no"],
        "/templates": ["/templates", f"/templates?task={FILM}&rows=3", f"/templates?task={FILM}&row=9999"],
        "/templates/compare": [f"/templates/compare?task={FILM}", f"/templates/compare?task={FILM}&a=none"],
        "/new": ["/new", f"/new?path={rows}", "/new?path=/nowhere.csv"],
        "/tokens": [f"/tokens?task={NEWS}&model={model}&shots=2&drawn=yes", f"/tokens?task={NEWS}&row=test[9999]"],
        "/tokens/trie": [f"/tokens/trie?task={FILM}&model={model}"],
        "/tokens/text": [f"/tokens/text?text=some+words&answer=more&model={model}", "/tokens/text"],
        "/tokens/step": [f"/tokens/step?job={job}", "/tokens/step"],
        "/mixture": ["/mixture", f"/mixture?job={job}", "/mixture?recipe=draft:gone"],
        "/start": ["/start", "/start?afresh=yes", f"/start?dataset={FILM}&as=seen", "/start?draft=gone"],
        "/start/jobs/{name}": ["/start/jobs/job", "/start/jobs/none"],
        "/runs": ["/runs", "/runs?q=xyzzy"],
        "/runs/{path:path}": ["/runs/little", "/runs/void", "/runs/study", "/runs/gone"],
        "/run-verdict/{path:path}": ["/run-verdict/void"],
        "/run-tasks/{path:path}": ["/run-tasks/little"],
        "/run-scores/{path:path}": ["/run-scores/little"],
        "/run-report/{path:path}": ["/run-report/little"],
        "/study-report/{path:path}": ["/study-report/study"],
        "/predictions/{path:path}": ["/predictions/little", "/predictions/little?now=1"],
        "/prediction-list/{path:path}": ["/prediction-list/little", "/prediction-list/little?q=xyzzy"],
        "/prediction/{number}/{path:path}": ["/prediction/0/little", "/prediction/99999/little"],
        "/prediction-tokens/{number}/{path:path}": [
            "/prediction-tokens/0/little",
            "/prediction-tokens/99999/little",
        ],
        "/compare": ["/compare?run=little&run=other", "/compare"],
        "/compare-scores": ["/compare-scores?run=little&run=other"],
        "/diversity": ["/diversity", f"/diversity?file={texts}", "/diversity?file=/nowhere.yaml"],
        "/diversity/numbers": [f"/diversity/numbers?file={texts}"],
        "/diversity/map": [f"/diversity/map?file={texts}"],
        "/ask": ["/ask", f"/ask?task={NEWS}&row=test[2]", f"/ask?task={NEWS}&row=test[9999]"],
    }


def compared(studio: Studio) -> str:
    """The key of a comparison of the recipe's sides that is done."""
    there = studio.ask("/mixture/compare", {"text": RECIPE, "recipe": ""}).headers["location"]
    if stream := re.search(r'data-stream="(/mixture/stream[^"]+)"', studio.ask(there).text):
        studio.ask(stream[1])
    return there.partition("job=")[2]


@pytest.fixture
def still(chromium: Any, studio: Studio) -> Iterator[Any]:
    """A page of a browser that runs no script, let in."""
    context = chromium.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto(studio.door)
    yield shown
    context.close()


def faults(page: Any, url: str) -> Iterator[str]:
    """What is wrong with a page: its status, its width on a telephone, or what is printed of it."""
    page.set_viewport_size({"width": 360, "height": 740})
    answer = page.goto(url)
    told = page.locator(".note.wrong").count()
    if answer.status != 200 and not (answer.status == 422 and told):
        yield f"answers {answer.status}"
    if page.locator("h1").count() != 1:
        yield f"has {page.locator('h1').count()} first headings"
    if (width := page.evaluate(WIDTH)) > 360:
        yield f"is {width} pixels wide on a telephone"
    page.set_viewport_size({"width": 718, "height": 1000})  # what an A4 sheet leaves between its margins
    page.emulate_media(media="print")
    yield from (f"does not print {each}" for each in page.evaluate(HIDDEN))
    yield from (f"prints {each}" for each in page.evaluate(LEFT))
    page.emulate_media(media="screen")


def test_every_page_is_walked(addresses: Mapping[str, list[str]]) -> None:
    """A route that is added is walked below, or is no page."""
    assert routes() == {*addresses, *NO_PAGES}


def test_every_page_answers_without_a_script_fits_a_telephone_and_prints(
    still: Any, studio: Studio, addresses: Mapping[str, list[str]]
) -> None:
    paths = [path for several in addresses.values() for path in several]
    found = [f"{path} {wrong}" for path in paths for wrong in faults(still, studio.url[:-1] + path)]
    assert not found, "\n".join(found)


def test_pages_of_an_empty_workspace_say_what_to_do(still: Any, studio: Studio) -> None:
    for path, said in {
        "runs": "Begin one on the page Start",
        "ask": "There is no run with a model yet",
        "compare": "Mark two runs or more",
        "tokens/step": "Open a recipe in Mixture and split",
        "start": "What you write here is kept as you type",
        "mixture": "demo (shipped)",
        "diversity": "To be kept, dropped or edited",
    }.items():
        assert not list(faults(still, studio.url + path))
        assert said.lower() in still.locator("main").text_content().lower()


def test_the_heads_of_tables_that_a_script_made_buttons_are_printed(page: Any, studio: Studio) -> None:
    write_run(studio.workspace.runs / "little", list(answers(3)))
    page.goto(f"{studio.url}run-scores/little")
    page.locator("th button").first.wait_for()
    page.emulate_media(media="print")
    assert not page.evaluate(HIDDEN) and page.locator("th button").first.is_visible()


def test_without_a_script_what_is_filled_in_later_is_a_link_away(still: Any, studio: Studio) -> None:
    write_run(studio.workspace.runs / "little", list(answers(3)))
    for path, said in {
        f"datasets/{FILM}": "from row",
        "predictions/little": "of 24",
        "runs/little": "Scores by task",
    }.items():
        still.goto(studio.url + path)
        still.get_by_role("link", name="Show it").first.click()
        assert said in still.locator("main").text_content()
