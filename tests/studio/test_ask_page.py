"""The page of Ask: words side by side as they come, and a row of a task that becomes the question, with its choices."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import Studio
from tests.studio.stand_in_model import answers, opened, said, talk_of
from unseen.studio.talk import Talks


def test_a_row_of_a_task_is_a_question_with_its_choices(studio: Studio) -> None:
    found = json.loads(studio.ask("/ask/question?task=sentiment/film_notes&template=2&row=1").text)
    assert found["text"] and found["choices"]
    assert "template 2 of" in found["told"] and "row test[1], one of" in found["told"]
    page = unescape(studio.ask("/ask?task=sentiment/film_notes&template=2&row=1").text)
    assert found["text"] in page and found["choices"] in page


def test_the_rows_own_answer_is_marked_while_the_question_is_the_rows(studio: Studio, talks: Talks) -> None:
    row = {"task": "sentiment/film_notes", "template": "2", "row": "1"}
    found = json.loads(studio.ask(f"/ask/question?{urlencode(row)}").text)
    right = unescape(re.sub("<[^>]*>", "", found["told"].partition("<q>")[2]))
    its = answers(studio, said(studio, **row, text=found["text"], choices=found["choices"]))[0]
    assert re.search(rf"{re.escape(right)}\W+(?:◂ chosen\W+)?✓ right", its) and its.count("✓ right") == 1
    assert "✓ right" not in answers(studio, said(studio, **row, text="Another", choices=found["choices"]))[0]


def test_whether_a_question_goes_on_with_the_talk_is_said_before_it_is_asked(studio: Studio, talks: Talks) -> None:
    assert "Begins a talk" in studio.ask("/ask?left=first").text
    page = said(studio, text="Hello")
    assert "Goes on with the talk above: each model reads 1 turn before this one." in page
    answers(studio, page)
    assert answers(studio, said(studio, talk=talk_of(page), text="And?"))[0].startswith("first of 3")
    assert "Begins a talk" in studio.ask("/ask", {"left": "first", "do": "clear", "talk": talk_of(page)}).text


@pytest.mark.parametrize("query", ["film_note", "film_notes&template=99", "film_notes&row=9999999", ""])
def test_a_row_that_is_not_there_is_told(studio: Studio, query: str) -> None:
    found = json.loads(studio.ask(f"/ask/question?task=sentiment/{query}").text)
    assert set(found) == {"told"} and "note wrong" in found["told"]


def test_words_come_side_by_side_and_the_box_is_empty_for_the_next_ones(page: Any, talks: Talks) -> None:
    opened(page, "/ask?left=first&right=second")
    page.locator("#say").fill("Hello <i>you</i>")
    page.locator("#say").press("Control+Enter")
    expect(page.locator(".words")).to_have_text(
        ["first of 1, 0: <b>Hello <i>you</i></b>", "second of 1, 0: <b>Hello <i>you</i></b>"]
    )
    expect(page.locator("#say")).to_have_value("")
    expect(page.locator("#sides li")).to_have_text(["first: in memory", "second: in memory"])
    page.locator("#say").fill("endless")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".turn").nth(1).locator(".answer").first).to_contain_text("and on")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".turn").nth(1)).to_contain_text("stopped")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#turns")).to_contain_text("Nothing was asked yet")


def test_a_model_that_is_made_ready_says_how_far_that_is(page: Any, talks: Talks) -> None:
    opened(page, "/ask?left=slow")
    page.locator("#say").fill("Hello")
    page.locator("#say").press("Control+Enter")
    expect(page.locator(".answer")).to_contain_text("Its model: downloading 120 of 270 MB")
    expect(page.locator(".answer progress")).to_have_attribute("value", "120000000")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".words")).to_contain_text("slow of 1")


def test_a_row_becomes_the_question_and_its_choices_bars(page: Any, talks: Talks) -> None:
    opened(page, "/ask?left=first")
    page.get_by_text("Begin from a row of a task", exact=True).click()
    page.locator('#row [name="task"]').fill("sentiment/film_notes")
    page.get_by_role("button", name="Take this row").click()
    expect(page.locator("#ask-said")).to_contain_text("row test[0], one of")
    page.locator("#say").press("Control+Enter")
    expect(page.locator(".answer meter")).to_have_count(2)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_choices_of_a_row_are_told_beside_another_question_and_cleared_by_keyboard(page: Any, talks: Talks) -> None:
    """From a prediction: the text is replaced, and both models would choose among words that are not about it."""
    opened(page, "/ask?left=first&task=sentiment/film_notes&template=2&row=test[3]")
    line, choices = page.locator("#choices-of .note"), page.locator('[name="choices"]')
    expect(choices).to_be_visible()  # open, since it is set
    expect(choices).not_to_have_value("")
    expect(line).not_to_be_visible()
    page.locator("#say").fill("Is the earth round?")
    expect(line).to_have_text(
        re.compile("below are those of the row test\\[3\\] of sentiment/film_notes, and this is not")
    )
    page.locator("#say").press("Control+Enter")
    expect(page.locator(".answer meter")).to_have_count(2)
    page.locator("#say").fill("Is the moon?")
    expect(line).to_be_visible()
    page.locator("#say").press("Tab")
    page.keyboard.press("Enter")
    expect(choices).to_have_value("")
    expect(line).not_to_be_visible()
    expect(page.locator("#say")).to_be_focused()
    expect(page.locator("#say")).to_have_value("Is the moon?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".words")).to_contain_text("<b>Is the moon?</b>")


def test_choices_that_one_wrote_oneself_are_nobodys(page: Any, talks: Talks) -> None:
    opened(page, "/ask?left=first&task=sentiment/film_notes&template=2&row=test[3]")
    page.locator("#say").fill("Is the earth round?")
    expect(page.locator("#choices-of .note")).to_be_visible()
    page.locator('[name="choices"]').fill("round\nflat")
    expect(page.locator("#choices-of .note")).not_to_be_visible()


def test_without_a_script_the_choices_of_a_row_are_told_and_cleared_too(studio: Studio, talks: Talks) -> None:
    row = {"task": "sentiment/film_notes", "template": "2", "row": "test[3]"}
    question = json.loads(studio.ask(f"/ask/question?{urlencode(row)}").text)
    taken = {**row, "choices": question["choices"]}
    line = re.compile(r"<p class=\"note warn\"( hidden)?[^>]*>The answer choices below are those of the row test\[3\]")
    for text, hidden in ((question["text"], " hidden"), ("Is the earth round?", None)):
        found = line.search(said(studio, text=text, do="stop", **taken))
        assert found is not None and found[1] == hidden
    cleared = said(studio, text="Is the earth round?", do="unchoose", **taken)
    assert 'name="choices" rows="3">\n</textarea>' in cleared and "Is the earth round?" in cleared
    found = line.search(cleared)
    assert found is not None and found[1] == " hidden"


def test_a_mistake_keeps_what_was_typed(page: Any, talks: Talks) -> None:
    opened(page, "/ask?left=first")
    page.get_by_text("How it is asked").click()
    page.locator('[name="temperature"]').fill("hot")
    page.locator("#say").fill("Hello")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#ask-said")).to_contain_text("'hot' is no number")
    expect(page.locator("#say")).to_have_value("Hello")
