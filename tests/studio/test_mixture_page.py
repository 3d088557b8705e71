"""The page of a mixture and its split: the tree, the proof, rows that meet, and comparing in the background."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import Studio
from unseen.studio import comparing

RECIPE = """name: small
seen: [sentiment/film_notes]
unseen: [nli/fact_follows]
mixture: {cap: 50}
templates: {per_task: 2}
train: {examples_per_step: 8}
"""
DESCRIPTION = """dataset: DATASET
cluster: CLUSTER
origin: [DATASET]
licence: none
source: {files: {train: DATASET.jsonl, test: DATASET.jsonl}}
metrics: [exact_match]
templates:
  - {name: ask, prompt: "{{ text }}", completion: "x"}
"""
SHARED = "the old lighthouse keeper counted forty seven ships before the storm took his lamp"


def finished(studio: Studio, text: str) -> str:
    """The page of a recipe when its sides were compared; the stream ends when they are."""
    page = studio.ask("/mixture", {"text": text}).text
    if found := re.search(r'data-stream="([^"]+)"', page):
        studio.ask(found[1].replace("&amp;", "&"))
        page = studio.ask("/mixture", {"text": text}).text
    return page


def catalog(home: Path, rows: dict[str, list[str]]) -> None:
    """Datasets of the user's, each in a cluster of its name, with these texts as rows."""
    folder = home / "catalog"
    folder.mkdir(parents=True)
    for name, texts in rows.items():
        lines = "".join(f'{{"text": "{text}"}}\n' for text in texts)
        (folder / f"{name}.jsonl").write_text(lines)
        (folder / f"{name}.yaml").write_text(DESCRIPTION.replace("DATASET", name).replace("CLUSTER", f"{name}s"))


def overlapping(home: Path, overlap: str) -> str:
    catalog(home, {"one": [f"{SHARED} away", "another row"], "two": [f"and then {SHARED} from him", "a third row"]})
    return f"name: meet\ncatalogs: [user]\nseen: [ones/*]\nunseen: [twos/*]\nhold_out: {{overlap: {overlap}}}\n"


def test_the_shipped_recipe_is_shown_and_proved_apart(studio: Studio) -> None:
    text = studio.ask("/mixture").text
    assert "demo (shipped)" in text and "name: demo" in text
    text = finished(studio, RECIPE)
    assert "<b>Apart. </b>" in text and "Claim at level cluster" in text and "What was compared" in text


def test_counts_of_an_epoch_are_exact(studio: Studio) -> None:
    """Film notes have more rows than the cap and turned-around templates over a share of them: 50 draws of each."""
    text = finished(studio, RECIPE)
    rows = re.findall(r"<tr><td[^>]*><span>(film_notes[:a-z]*).*?</tr>", text)
    epoch = [int(each) for each in re.findall(r'data-head="an epoch">(\d+)<', text)]
    assert rows == ["film_notes", "film_notes:turned"] and epoch[0] == 50
    assert f"An epoch is {sum(epoch)} draws" in text and re.search(r'data-head="templates">2 of \d', text)
    assert "input and answer change places" in text


def test_the_end_of_the_run_is_marked_where_draws_are_left(studio: Studio) -> None:
    """Two steps of eight are the first 16 of an epoch's draws, and the strip is marked behind them."""
    text = finished(studio, RECIPE.replace("examples_per_step: 8", "examples_per_step: 8, steps: 2"))
    epoch = re.search(r"An epoch is (\d+) draws", text)
    assert epoch and f"This run takes 16 draws, 2 steps: {1600 / int(epoch[1]):.0f} % of an epoch." in text
    taken = re.search(r"ends the run: ((?:film_notes\S* \d+(?:, )?)+)", text.replace("sentiment/", ""))
    assert taken and sum(map(int, re.findall(r" (\d+)", taken[1]))) == 16
    assert text.count('class="run-end"') == 1
    whole = finished(studio, RECIPE)
    assert "one epoch." in whole and 'class="run-end"' not in whole


def kept(studio: Studio, text: str) -> str:
    """A draft on Start, and its name on Mixture."""
    answer = studio.ask("/start/follow", {"text": text, "before": text, "page": "one"})
    return f"draft:{json.loads(answer.text)['draft']}"


def test_an_edit_of_a_draft_is_told_from_it_and_taken_to_start(studio: Studio) -> None:
    name, edit = kept(studio, RECIPE), RECIPE.replace("cap: 50", "cap: 40")
    opened = studio.ask(f"/mixture?recipe={name}").text
    assert "Opened: your draft" in opened and "Changed:" not in opened and "Take it to Start" not in opened
    was = re.search(r'name="was" value="(\w+)"', opened)
    assert was is not None
    form = {"recipe": name, "was": was[1], "page": "two"}
    wrong = studio.ask("/mixture", {**form, "text": RECIPE.replace("film_notes", "film_note")}).text
    assert "once it holds" in wrong and "Take it to Start" not in wrong
    assert "Changed: this is not your draft on Start" in studio.ask("/mixture", {**form, "text": edit}).text
    went = studio.ask("/mixture/take", {**form, "text": edit})
    assert went.status == 303 and went.headers["location"] == f"/start?draft={name.removeprefix('draft:')}"
    assert "cap: 40" in studio.ask(went.headers["location"]).text
    assert "Changed:" not in studio.ask("/mixture", {**form, "text": edit}).text


def test_an_edit_never_takes_the_place_of_what_start_has_since(studio: Studio) -> None:
    name = kept(studio, RECIPE)
    form = {"recipe": name, "was": "of another text", "page": "two", "text": RECIPE.replace("cap: 50", "cap: 40")}
    went = studio.ask("/mixture/take", form).headers["location"]
    assert name.removeprefix("draft:") not in went and "cap: 40" in studio.ask(went).text
    assert "cap: 50" in studio.ask(f"/start?draft={name.removeprefix('draft:')}").text
    long = studio.ask("/mixture/take", {**form, "text": "#" * 100_001})
    assert "shorten it" in long.text and "<textarea" in long.text


def test_a_recipe_of_the_packages_opens_with_the_users_tasks_as_on_start(studio: Studio, home: Path) -> None:
    catalog(home, {"one": ["a row", "another row"]})
    text = studio.ask("/mixture").text
    assert "catalogs: [shipped, user]" in text and "with your catalog user added to its catalogs" in text
    assert "Take it to Start" in text
    alone = studio.ask("/mixture", {"text": RECIPE}).text
    assert "Its catalogs are shipped: tasks of user are not in it" in alone


def test_the_strip_shows_every_draw_of_the_first_block_once(studio: Studio) -> None:
    text = finished(studio, RECIPE)
    drawn = re.search(r"These are the first (\d+)", text)
    strokes = "".join(re.findall(r'<path d="([^"]*)"', text))
    assert drawn and strokes.count("M") == int(drawn[1])


def test_rows_that_meet_stand_side_by_side_with_what_they_share_marked(studio: Studio, home: Path) -> None:
    text = finished(studio, overlapping(home, "refuse"))
    assert "Not apart." in text and "A run would be refused" in text
    assert text.count(f"<mark>{SHARED}</mark>") == 2
    assert "seen: ones/one train[0]" in text and "unseen: twos/two test[0]" in text


def test_what_became_of_rows_that_meet_is_told(studio: Studio, home: Path) -> None:
    text = finished(studio, overlapping(home, "drop_seen"))
    assert "1 seen row are left out" not in text
    assert "1 seen row and 1 unseen row share text. 1 seen row is left out of the tuning." in text
    assert re.search(r'data-head="rows">1 of 2<', text) and "1 share text with an unseen row" in text


def test_the_same_cluster_on_both_sides_is_refused_by_name(studio: Studio) -> None:
    text = finished(studio, RECIPE.replace("nli/fact_follows", "sentiment/shop_reviews"))
    assert "the cluster sentiment is on both sides" in text and "shop_reviews" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [", "is not closed"),
        ("name: a\nseen: [nothing/*]", "matches no task"),
        ("name: a\nsen: [nli/*]", "seen"),
        ("a: &a [*a]", "alias of itself"),
        ("x" * 200_001, "is over 200,000 characters"),
        ("name: a\nseen: ['<script>alert(1)</script>']", "&lt;script&gt;"),
        ("name: a\nseen: [nli/*]\ncatalogs: [/etc/passwd]", "is no catalog and no folder"),
    ],
)
def test_what_cannot_be_is_told_below_the_text_that_was_typed(studio: Studio, text: str, said: str) -> None:
    answer = studio.ask("/mixture", {"text": text})
    assert answer.status == 200 and said in answer.text and 'role="alert"' in answer.text
    assert "<script>alert" not in answer.text and "<textarea" in answer.text


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../etc/hostname", "/proc/self/environ", "nowhere.yaml"])
def test_only_recipe_files_are_opened(studio: Studio, path: str) -> None:
    text = studio.ask(f"/mixture?recipe={quote(path)}").text
    assert 'role="alert"' in text and "root:" not in text


def test_a_large_comparison_waits_to_be_asked_for(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "SMALL", 0)
    text = studio.ask("/mixture", {"text": RECIPE}).text
    assert "Compare the sides" in text and "film_notes" in text and "data-stream" not in text
    answer = studio.ask("/mixture/compare", {"text": RECIPE, "recipe": ""})
    assert answer.status == 303
    page = studio.ask(answer.headers["location"]).text
    assert "name: small" in page and ("data-stream" in page or "Apart." in page)


def test_a_step_of_the_mixture_is_drawn_as_a_trie(studio: Studio) -> None:
    text = finished(studio, RECIPE.replace("name: small", "name: small\nmodel: tiny-random-llama"))
    path = re.search(r'href="(/tokens/step[^"]+)"', text)
    assert path
    absent = studio.ask(path[1]).text
    assert "Get tiny-random-llama" in absent
    from unseen.model.random_models import random_folder

    random_folder("tiny-random-llama")
    drawn = studio.ask(path[1]).text
    assert "8 sequences" in drawn and "8 examples, step 1" in drawn and "times fewer" in drawn


def test_the_page_follows_the_recipe_as_it_is_typed(page: Any, studio: Studio) -> None:
    page.goto(f"{studio.url}mixture")
    area = page.get_by_role("textbox", name="What it says")
    area.fill(RECIPE)
    expect(page.locator("#shown")).to_contain_text("Apart.")
    expect(page.locator(".lanes")).to_be_visible()
    expect(page.locator("#shown")).to_contain_text("Changed: this is not what was opened")
    area.fill(RECIPE.replace("sentiment/film_notes", "sentiment/film_note"))
    expect(page.get_by_role("alert")).to_contain_text("matches no task")
    expect(area).to_have_value(re.compile("film_note"))
    area.fill(RECIPE)
    page.get_by_role("button", name="Take it to Start").click()
    expect(page.locator("#yaml")).to_have_value(RECIPE)
    page.get_by_role("navigation").get_by_role("link", name="Mixture and split").click()
    expect(area).to_have_value(RECIPE)  # it is what one is at now


def test_the_button_compares_and_keeps_the_text(page: Any, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that a browser posts by itself is the studio's own, and comes back with what was typed."""
    monkeypatch.setattr(comparing, "SMALL", 0)
    page.goto(f"{studio.url}mixture")
    page.get_by_role("textbox", name="What it says").fill(RECIPE)
    expect(page.locator("#shown")).to_contain_text("1 task in 1 cluster")
    page.get_by_role("button", name="Compare the sides").click()
    expect(page.locator("#shown")).to_contain_text("Apart.", timeout=30_000)
    expect(page.get_by_role("textbox", name="What it says")).to_have_value(RECIPE)


def test_a_narrow_screen_scrolls_no_page_sideways(page: Any, studio: Studio, home: Path) -> None:
    text = overlapping(home, "clean_subset")
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{studio.url}mixture")
    page.get_by_role("textbox", name="What it says").fill(text)
    expect(page.locator(".overlap mark").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_draws_are_told_by_the_names_of_their_rows(studio: Studio) -> None:
    """The first draws of film notes: each is a row of its file, and no row is drawn twice through one template."""
    text = finished(studio, RECIPE).partition("draws one by one")[2]
    drawn = re.findall(r"film_notes(?:</td>|[^<]*</td>)<td[^>]*>([^<]*)</td><td[^>]*>(train\[\d+\])<", text)
    assert len(drawn) >= 8 and len(set(drawn)) == len(drawn)
