"""Browsing: what there is, searched, and one dataset looked at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import Studio


def test_every_word_of_a_search_must_be_met(studio: Studio) -> None:
    found = studio.ask("/?q=film+sentiment").text
    assert "/datasets/sentiment/film_notes" in found and "/datasets/topic/news_briefs" not in found
    assert "Nothing matches" in studio.ask("/?q=film+xyzzy").text


def test_rows_are_counted_split_by_split(studio: Studio) -> None:
    counted = studio.ask("/counts/formatted_text/shift_notes", None, **{"x-part": "1"})
    assert counted.text == "train 60 · test 240"


def test_a_dataset_shows_its_rows_templates_and_licence(studio: Studio) -> None:
    text = studio.ask("/datasets/sentiment/film_notes").text
    assert "Apache-2.0" in text and "/templates?task=sentiment%2Ffilm_notes" in text
    assert 'data-fill="/rows/sentiment/film_notes/train"' in text


def test_rows_are_turned_five_at_a_time(studio: Studio) -> None:
    rows = studio.workspace.rows(studio.workspace.catalog().task("sentiment/film_notes").dataset, "train")
    text = studio.ask("/rows/sentiment/film_notes/train?from=100").text
    assert f"train: {len(rows)}" in text and text.count("<tr>") == 6 and f">{rows[104].index}</a>" in text
    assert "<td>" in studio.ask("/rows/sentiment/film_notes/train?from=999999").text  # the last one, not nothing


def test_an_unknown_dataset_is_told_with_the_nearest(studio: Studio) -> None:
    answer = studio.ask("/datasets/sentiment/film_note")
    assert answer.status == 422 and "sentiment/film_notes" in answer.text


def test_a_broken_description_is_told_and_the_others_are_shown(studio: Studio, home: Path) -> None:
    (home / "catalog").mkdir(parents=True)
    (home / "catalog" / "broken.yaml").write_text("dataset: broken\nclustr: x\n")
    text = studio.ask("/").text
    assert "user is left out" in text and "clustr" in text and "film_notes" in text


@pytest.mark.parametrize("start", ["-5", "x", "9" * 5000, "٣"])
def test_a_place_that_is_no_number_is_the_first(studio: Studio, start: str) -> None:
    for path in ("/?q=film&from=", "/rows/sentiment/film_notes/train?from="):
        answer = studio.ask(path + quote(start))
        assert answer.status == 200 and "fault" not in answer.text


def test_html_in_a_row_stays_text(studio: Studio, home: Path) -> None:
    folder = home / "catalog"
    folder.mkdir(parents=True)
    (folder / "rows.jsonl").write_text('{"text": "<script>alert(1)</script><img src=x onerror=alert(2)>"}\n')
    description = "dataset: evil\ncluster: test\norigin: [evil]\nlicence: none\nsource: {files: {train: rows.jsonl}}\n"
    template = 'templates:\n  - {name: ask, prompt: "{{ text }}", completion: "x"}\nmetrics: [exact_match]\n'
    (folder / "evil.yaml").write_text(description + template)
    text = studio.ask("/datasets/test/evil").text + studio.ask("/rows/test/evil/train").text
    assert "&lt;script&gt;alert(1)" in text and "<script>alert" not in text and "<img" not in text


def test_the_table_follows_what_is_typed(page: Any) -> None:
    page.get_by_role("searchbox").press_sequentially("german film")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("task15_german_film_classification")
    expect(page.locator("tbody")).to_contain_text("train 10")
    expect(page).to_have_url(re.compile("q=german[+]film&cluster=$"))


def test_the_search_is_a_key_away(page: Any) -> None:
    page.keyboard.press("/")
    page.keyboard.type("translation")
    expect(page.locator(".count")).to_contain_text("1 dataset,")


def test_rows_are_read_when_they_are_looked_at_and_turned_in_their_place(page: Any, studio: Studio) -> None:
    page.goto(studio.url + "datasets/sentiment/film_notes")
    rows = page.locator("#rows-train")
    rows.scroll_into_view_if_needed()
    expect(rows.locator("tbody tr")).to_have_count(5)
    rows.get_by_role("spinbutton").fill("10")
    expect(rows.locator("tbody td").first).to_have_text("10")
    expect(page).to_have_url(studio.url + "datasets/sentiment/film_notes")


def test_turned_tasks_are_explained_where_the_word_is_shown(studio: Studio) -> None:
    said = "input and answer change places"
    assert said in studio.ask("/datasets/sentiment/film_notes").text
    assert said not in studio.ask("/datasets/formatted_text/shift_notes").text
    assert said in studio.ask("/tokens?task=sentiment/film_notes:turned").text
    assert said in studio.ask("/start").text.partition('id="at-templates.turned"')[2].partition("</label>")[0]
