"""Work on Start is kept: after leaving, reloading, ending the studio, and in two tabs without mixing them up."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.reporting.page_runs import answers, write_run
from tests.studio.conftest import Studio
from unseen.data.places import shipped_catalog
from unseen.studio.draft import MOST_TEXT
from unseen.studio.kept_recipes import FOLDER, MOST, KeptRecipes, Writer, new_id

DEMO = (shipped_catalog() / "recipes" / "demo.yaml").read_text(encoding="utf-8")


def recipe(name: str) -> str:
    return f"name: {name}\nseen: [sentiment/*]\nunseen: [nli/*]\n"


def typed(studio: Studio, text: str, page: str, **more: str) -> dict[str, Any]:
    """What the studio answers when a page sends what was typed in it."""
    answer = studio.ask("/start/follow", {"text": text, "before": text, "page": page, **more})
    found: dict[str, Any] = json.loads(answer.text)
    return found


def test_what_was_typed_stands_on_start_again_and_begins_afresh_when_asked(studio: Studio) -> None:
    assert "kept as you type" in studio.ask("/start").text
    typed(studio, recipe("mine"), page="one")
    text = studio.ask("/start").text
    assert "name: mine" in text and "Your draft <b>mine</b>, kept at" in text
    fresh = studio.ask("/start?afresh=yes").text
    assert "# Begun from demo" in fresh and "name: mine" not in fresh and "1 other draft" in fresh
    assert "name: mine" in studio.ask("/start").text


def test_a_draft_outlives_the_studio_and_is_kept_when_a_button_is_pressed(studio: Studio) -> None:
    studio.ask("/start", {"text": recipe("mine"), "before": DEMO, "draft": "", "page": "one", "do": "plan me"})
    kept = KeptRecipes(studio.workspace.runs).all()
    assert [each.text for each in kept] == [recipe("mine")]


def test_what_is_no_recipe_yet_is_kept_as_it_was_typed(studio: Studio) -> None:
    typed(studio, "name: half\nseen: [a\n", page="one")
    assert "seen: [a" in studio.ask("/start").text


def test_two_tabs_on_one_draft_become_two_drafts_and_the_second_is_told(studio: Studio) -> None:
    draft = typed(studio, recipe("first"), page="one")["draft"]
    here = typed(studio, recipe("here"), page="two", found="one", draft=draft)
    there = typed(studio, recipe("there"), page="three", found="one", draft=draft)
    assert here["draft"] == draft and "Another tab" not in here["kept"]
    assert there["draft"] != draft and "Another tab went on" in there["kept"]
    assert "name: here" in studio.ask(f"/start?draft={draft}").text
    assert "name: there" in studio.ask(f"/start?draft={there['draft']}").text
    again = typed(studio, recipe("there_still"), page="three", found="one", draft=there["draft"])
    assert again["draft"] == there["draft"] and "Another tab" not in again["kept"]


def test_what_comes_late_never_replaces_what_was_typed_later(studio: Studio) -> None:
    draft = typed(studio, recipe("later"), page="one", turn="2")["draft"]
    typed(studio, recipe("earlier"), page="one", turn="1", draft=draft)
    assert "name: later" in studio.ask("/start").text


def test_a_draft_is_thrown_away_and_its_address_then_says_so(studio: Studio) -> None:
    draft = typed(studio, recipe("mine"), page="one")["draft"]
    assert studio.ask("/start/forget", {"id": draft}).status == 303
    text = studio.ask(f"/start?draft={draft}").text
    assert "That draft is not kept any more" in text and "# Begun from demo" in text


@pytest.mark.parametrize("id", ["../../../etc/passwd", "..%2f..", "a" * 12 + "/", "zzzzzzzzzzzz", ""])
def test_no_id_leads_out_of_the_drafts(studio: Studio, id: str) -> None:
    draft = typed(studio, recipe("mine"), page="one", draft=id)["draft"]
    assert re.fullmatch("[0-9a-f]{12}", draft)
    assert [file.stem for file in (studio.workspace.runs / FOLDER).iterdir()] == [draft]
    assert studio.ask("/start/forget", {"id": id}).status == 303 and len(KeptRecipes(studio.workspace.runs).all()) == 1


def test_what_is_too_long_is_told_and_the_draft_before_it_stays(studio: Studio) -> None:
    draft = typed(studio, recipe("mine"), page="one")["draft"]
    found = typed(studio, recipe("mine") + "#" * MOST_TEXT, page="one", draft=draft)
    assert "Not kept" in found["kept"] and "shorten it" in found["kept"] and not found["draft"]
    assert "name: mine" in studio.ask("/start").text


def test_a_place_that_cannot_be_written_is_told(studio: Studio) -> None:
    studio.workspace.runs.mkdir()
    (studio.workspace.runs / FOLDER).write_text("a file where the folder should be")
    assert "Not kept" in typed(studio, recipe("mine"), page="one")["kept"]


def test_the_drafts_that_were_not_touched_for_longest_go(studio: Studio) -> None:
    kept = KeptRecipes(studio.workspace.runs)
    first = kept.write(new_id(), recipe("first"), Writer("page"))
    os.utime(studio.workspace.runs / FOLDER / f"{first.id}.json", (0, 0))
    for number in range(MOST):
        kept.write(new_id(), recipe(f"r{number}"), Writer(f"page {number}"))
    assert len(kept.all()) == MOST and kept.of(first.id) is None


def test_the_mixture_opens_the_draft_or_else_the_newest_run_or_else_the_demo(studio: Studio) -> None:
    assert (
        "demo (shipped)</option>" in studio.ask("/mixture").text and "# Begun from demo" in studio.ask("/mixture").text
    )
    write_run(studio.workspace.runs / "little", list(answers(2)))
    text = studio.ask("/mixture").text
    assert "the recipe of the run" in text and 'href="/runs/little"' in text and "films/*" in text
    typed(studio, recipe("mine"), page="one")
    text = studio.ask("/mixture").text
    assert "Opened: your draft" in text and "name: mine" in text and "little (a run)" in text
    assert "films/*" in studio.ask("/mixture?recipe=run:little").text


@pytest.mark.parametrize("name", ["draft:none", "draft:../x", "run:../x", "run:gone", "run:", "nowhere.yaml"])
def test_a_recipe_that_is_not_there_is_one_line_and_the_choice_stays(studio: Studio, name: str) -> None:
    answer = studio.ask(f"/mixture?recipe={name}")
    assert answer.status == 200 and answer.text.count('role="alert"') == 1 and "demo (shipped)" in answer.text


def test_each_tab_comes_back_to_its_own_draft(page: Any, studio: Studio) -> None:
    def write(tab: Any, name: str) -> None:
        tab.locator('[name="k.name"]').fill(name)
        expect(tab.locator("#kept")).to_contain_text(name)

    page.goto(f"{studio.url}start")
    write(page, "one_tab")
    other = page.context.new_page()
    other.goto(f"{studio.url}start")
    expect(other.locator('[name="k.name"]')).to_have_value("one_tab")
    write(other, "other_tab")
    write(page, "one_tab_still")
    expect(page.locator("#kept")).to_contain_text("Another tab went on")
    for tab, name in ((other, "other_tab"), (page, "one_tab_still"), (other, "other_tab")):
        tab.get_by_role("link", name="Runs", exact=True).click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("Runs")
        tab.get_by_role("link", name="Start", exact=True).first.click()
        expect(tab.locator('[name="k.name"]')).to_have_value(name)
        tab.reload()
        expect(tab.locator('[name="k.name"]')).to_have_value(name)


def test_what_was_typed_in_the_last_moment_is_kept_too(page: Any, studio: Studio) -> None:
    page.goto(f"{studio.url}start")
    page.locator("#yaml").fill(recipe("at_once"))
    page.get_by_role("link", name="Tokens", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tokens")
    page.get_by_role("link", name="Start", exact=True).click()
    expect(page.locator("#yaml")).to_have_value(recipe("at_once"))


def test_beginning_afresh_is_a_button_away(page: Any, studio: Studio) -> None:
    page.goto(f"{studio.url}start")
    page.locator("#yaml").fill(recipe("mine"))
    expect(page.locator("#kept")).to_contain_text("Your draft mine")
    page.get_by_role("link", name="Begin afresh").click()
    expect(page.locator('[name="k.name"]')).to_have_value("demo")
    page.get_by_text("1 other draft").click()
    page.get_by_role("link", name="mine", exact=True).click()
    expect(page.locator('[name="k.name"]')).to_have_value("mine")
