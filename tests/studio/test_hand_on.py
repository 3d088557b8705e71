"""What one looked at last goes along with the navigation: without a script in its links, with one over every page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from tests.reporting.page_runs import answers, write_run
from tests.studio.conftest import Studio
from unseen.studio.hand_on import At

MINE = """dataset: complaints
cluster: mine
origin: [complaints]
licence: none
source:
  files:
    train: {path: rows.jsonl, deal: {of: 5, keep: [0, 1, 2, 3]}}
    test: {path: rows.jsonl, deal: {of: 5, keep: [4]}}
metrics: [exact_match]
templates:
  - {name: first, prompt: "{{ text }} Is it?", completion: "yes"}
  - {name: "second & last", prompt: "{{ text }} Really?", completion: "yes"}
"""
HERE = {"task": "mine/complaints", "template": "second & last", "split": "test", "row": "9"}


@pytest.fixture
def mine(home: Path) -> None:
    """A task of the user's whose test rows are 4, 9, 14 and 19."""
    folder = home / "catalog"
    folder.mkdir(parents=True)
    lines = (json.dumps({"text": f"This is record {n}."}) for n in range(20))
    (folder / "rows.jsonl").write_text("\n".join(lines))
    (folder / "complaints.yaml").write_text(MINE)


def links(page: str) -> dict[str, str]:
    """The navigation's links, by their names."""
    found = re.findall(r'<li><a href="([^"]*)"[^>]*>([^<]*)</a></li>', page.partition("</nav>")[0])
    return {name: unescape(href) for href, name in found}


def test_a_template_and_its_row_go_to_tokens_and_ask(studio: Studio, mine: None) -> None:
    ways = links(studio.ask(f"/templates?{urlencode(HERE)}").text)
    tokens, asked = studio.ask(ways["Tokens"]).text, studio.ask(ways["Ask"]).text
    assert 'value="mine/complaints"' in tokens and 'value="9"' in tokens
    assert "selected>second &amp; last</option>" in tokens.replace(' selected=""', " selected") or "second" in tokens
    assert "row test[9], one of 4 rows" in asked and "This is record 9. Really?" in asked
    for page in (tokens, asked):
        assert "Begins with mine/complaints, template second &amp; last, row test[9], which you looked at last." in page
        assert '<a href="/?on=">All datasets</a>' in page


def test_it_goes_along_over_pages_that_show_nothing_of_it(studio: Studio, mine: None) -> None:
    page = studio.ask(f"/templates?{urlencode(HERE)}").text
    for name in ("Runs", "Diversity", "Start", "Browse"):
        page = studio.ask(links(page)[name]).text
        assert "which you looked at last" not in page
    assert "row test[9], one of" in studio.ask(links(page)["Ask"]).text
    assert "Really?" in studio.ask(links(page)["Templates"]).text


def test_a_dataset_and_a_prediction_go_along_too(studio: Studio, mine: None) -> None:
    assert 'value="mine/complaints"' in studio.ask(links(studio.ask("/datasets/mine/complaints").text)["Tokens"]).text
    one = replace(next(answers(1)), task="mine/complaints", template="first", row=14)
    write_run(studio.workspace.runs / "run", [one, replace(one, model="tuned")])
    ways = links(studio.ask("/prediction/0/run").text)
    assert "This is record 14. Is it?" in studio.ask(ways["Ask"]).text
    assert "Row test[14]" in studio.ask(ways["Templates"]).text


def test_the_page_one_is_on_and_the_way_out_forget_it(studio: Studio, mine: None) -> None:
    page = studio.ask(f"/templates?{urlencode(HERE)}").text
    assert links(page)["Templates"] == "/templates"
    assert links(studio.ask("/?on=").text)["Tokens"] == "/tokens"
    assert links(studio.ask("/runs").text)["Ask"] == "/ask"


@pytest.mark.parametrize("said", ["", "x", "task=", "%00", "task=a&row=-1", "row=3", "a" * 9000, "task=<script>"])
def test_what_an_address_hands_on_may_be_anything(studio: Studio, said: str) -> None:
    answer = studio.ask(f"/runs?{urlencode({'on': said})}")
    assert answer.status == 200 and "<script>" not in answer.text.replace("<script src", "")
    assert studio.ask(links(answer.text)["Tokens"]).status == 200


@given(st.text(min_size=1, max_size=40), st.text(max_size=40), st.text(max_size=20), st.none() | st.integers(0, 10**9))
def test_what_is_handed_on_is_what_was_there(task: str, template: str, split: str, row: int | None) -> None:
    at = At(task, template, split, row)
    assert At.of(urlencode(at.values)) == at


def test_the_mixture_tunes_on_it_unless_the_users_recipe_names_it(studio: Studio, mine: None) -> None:
    ways = links(studio.ask("/datasets/mine/complaints").text)
    shown = studio.ask(ways["Mixture and split"]).text
    assert "You looked at mine/complaints last, and" in shown and "does not name it" in shown
    assert "seen: [mine/complaints]" in shown
    assert "Begin with it on Start" in shown and "All datasets" in shown and "matches no task" not in shown
    other = "name: other\nseen: [topic/*]\nunseen: [nli/*]\n"
    studio.ask("/start/follow", {"text": other, "before": other, "page": "one"})
    shown = studio.ask(ways["Mixture and split"]).text
    assert "knows the catalogs shipped only; add user to its catalogs" in shown
    draft = "name: ours\ncatalogs: [shipped, user]\nseen: [mine/*]\nunseen: [nli/*]\n"
    studio.ask("/start/follow", {"text": draft, "before": draft, "page": "two"})
    assert "Opened: your draft" in studio.ask(ways["Mixture and split"]).text


def go(page: Any, name: str) -> None:
    page.get_by_role("navigation").first.get_by_role("link", name=name, exact=True).click()


def test_with_a_script_it_goes_over_links_within_pages_and_follows_what_is_chosen(
    page: Any, studio: Studio, mine: None
) -> None:
    write_run(studio.workspace.runs / "little", list(answers(1)))
    page.goto(f"{studio.url}templates?{urlencode(HERE)}")
    go(page, "Runs")
    page.get_by_role("link", name="little", exact=True).click()
    expect(page.get_by_role("link", name="All runs")).to_be_visible()
    go(page, "Ask")
    expect(page.locator("#say")).to_have_value("This is record 9. Really?")
    expect(page.get_by_text("Begins with mine/complaints")).to_be_visible()
    go(page, "Templates")
    page.get_by_role("button", name="later").or_(page.get_by_text("later", exact=True)).first.click()
    expect(page.get_by_role("heading", name="Row test[14]")).to_be_visible()
    go(page, "Tokens")
    expect(page.get_by_label("Row", exact=True)).to_have_value("14")
    page.get_by_label("Row", exact=True).fill("4")
    expect(page.locator("#shown [data-at*='row=4']")).to_have_count(1)
    go(page, "Ask")
    expect(page.locator("#say")).to_have_value("This is record 4. Really?")
    page.get_by_role("link", name="All datasets").click()
    go(page, "Tokens")
    expect(page.get_by_label("Task")).not_to_have_value("mine/complaints")
    expect(page.get_by_text("which you looked at last")).to_have_count(0)


def test_each_tab_has_its_own(page: Any, studio: Studio, mine: None) -> None:
    page.goto(f"{studio.url}templates?{urlencode(HERE)}")
    other = page.context.new_page()
    other.goto(f"{studio.url}runs")
    go(other, "Tokens")
    expect(other.get_by_label("Task")).not_to_have_value("mine/complaints")
    other.close()
