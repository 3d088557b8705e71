"""Work in the background: one after the other, replaced by the page that began it, waited for by others."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import Studio
from unseen.phases import Phase, Phases, when_it_begins
from unseen.recipe import Recipe
from unseen.studio import comparing
from unseen.studio.background import Errand, Errands

RECIPE = "name: small\nseen: [sentiment/film_notes]\nunseen: [nli/fact_follows]\nmixture: {cap: 50}\n"


def test_errands_run_one_after_the_other_and_can_be_stopped() -> None:
    errands, begun, go = Errands(), threading.Event(), threading.Event()

    def slow(phases: Phases) -> str:
        begun.set()
        go.wait(30)
        phases(Phase("never"))
        return "never"

    first = errands.start("first", 1, slow)
    begun.wait(30)
    second, unlike = errands.start("second", 1, lambda phases: "done"), errands.start("a model", "it", lambda phases: 1)
    _ended(unlike)
    assert (first.state, second.state, unlike.state) == ("working", "waiting", "done")
    assert errands.before(second) is first and errands.before(first) is None
    errands.replace_others(second, "a page")
    go.set()
    _ended(second)
    assert (first.state, second.state, second.value) == ("stopped", "done", "done")
    assert errands.start("second", 1, slow) is second and errands.start("first", 1, lambda phases: 3) is not first


def test_an_errand_that_another_page_follows_is_waited_for_and_ones_own_is_replaced() -> None:
    errands, go = Errands(), threading.Event()

    def slow(phases: Phases) -> bool:
        phases(Phase("reading"))
        return go.wait(30)

    first = errands.start("first", 1, slow)
    with first.followed_by("theirs"), first.followed_by("mine"):
        second = errands.start("second", 1, slow)
        errands.replace_others(second, "mine")
        assert not first.to_stop
    errands.replace_others(second, "mine")
    assert first.to_stop and first.is_lost
    again = errands.start("first", 1, slow)
    assert again is not first
    go.set()
    for each in (first, second, again):
        _ended(each)
    assert (second.value, again.value) == (True, True)


def test_one_that_waits_stops_when_it_is_asked_to() -> None:
    errands, go = Errands(), threading.Event()
    errands.start("first", 1, lambda phases: go.wait(30))
    second = errands.start("second", 1, lambda phases: 2)
    second.to_stop = True
    _ended(second)
    assert second.state == "stopped"
    go.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Comparisons of recipes that are called held… stand at 3 of 12 rows until the event is set."""
    compare, go = comparing.compare, threading.Event()

    def slow(recipe: Recipe, phases: Phases) -> comparing.Compared:
        if recipe.name.startswith("held"):
            when_it_begins(phases, Phase("comparing", "rows"))(3, 12)
            go.wait(60)
        return compare(recipe, phases)

    monkeypatch.setattr(comparing, "compare", slow)
    yield go
    go.set()


def test_a_comparison_says_how_far_it_is_and_waits_for_nobody(studio: Studio, held: threading.Event) -> None:
    text = studio.ask("/mixture", {"text": RECIPE.replace("name: small", "name: held")}).text
    assert "Comparing the sides" in text and "Waits for" not in text
    job = re.search(r"/mixture/stream\?job=(\w+)", text)
    assert job is not None
    errand = studio.workspace.background.get(job[1])
    assert errand is not None and errand.about.recipe.name == "held"


def test_a_comparison_that_this_page_began_before_is_replaced(page: Any, studio: Studio, held: threading.Event) -> None:
    page.goto(f"{studio.url}mixture")
    area = page.get_by_role("textbox", name="What it says")
    area.fill(RECIPE.replace("name: small", "name: held"))
    expect(page.locator("#shown")).to_contain_text("comparing 3 of 12 rows")
    table = page.locator("#shown table").first
    table.evaluate("each => each.dataset.mine = 'yes'")
    expect(page.locator("#shown")).to_contain_text(re.compile("[1-9] s so far"))
    expect(table).to_have_attribute("data-mine", "yes")  # what one reads below the line is left alone
    area.fill(RECIPE.replace("name: small", "name: held2"))
    expect(page.locator("#shown")).to_contain_text("Ending the comparison of held, which this one replaces")
    held.set()
    expect(page.locator("#shown")).to_contain_text("Apart.")


def test_a_comparison_that_another_page_follows_is_waited_for_by_name(
    page: Any, studio: Studio, held: threading.Event
) -> None:
    page.goto(f"{studio.url}mixture")
    page.get_by_role("textbox", name="What it says").fill(RECIPE.replace("name: small", "name: held"))
    expect(page.locator("#shown")).to_contain_text("comparing 3 of 12 rows")
    other = page.context.new_page()
    other.goto(f"{studio.url}mixture")
    other.get_by_role("textbox", name="What it says").fill(RECIPE)
    expect(other.locator("#shown")).to_contain_text("Waits for the comparison of the recipe held")
    expect(other.locator("#shown")).to_contain_text("comparing 3 of 12 rows")
    other.get_by_role("link", name="See the comparison of held").click()
    expect(other.get_by_role("textbox", name="What it says")).to_have_value(re.compile("name: held"))
    held.set()
    expect(page.locator("#shown")).to_contain_text("Apart.")


def _ended(errand: Errand) -> None:
    for thread in threading.enumerate():
        if thread.name == f"errand {errand.key[:8]}":
            thread.join(30)
