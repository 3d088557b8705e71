"""Diversity: wordings and diverse questions reviewed one by one, by mouse, by keyboard, and without a script."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.diversify.made_reviews import chats_file, wordings_file
from tests.studio.conftest import Studio
from unseen.diversify.decisions import read_decisions
from unseen.diversify.wording_file import read_wordings
from unseen.studio.text_map import hashed, placed

SHIPPED = Path(__file__).parents[2] / "studies" / "wordings" / "shift_notes.yaml"


def at(file: Path | str, page: str = "", **more: str) -> str:
    return f"/diversity{page}?{urlencode({'file': str(file), **more})}"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    return wordings_file(tmp_path / "own")


def test_the_files_that_there_are_can_be_opened(studio: Studio, home: Path) -> None:
    (home / "wordings").mkdir(parents=True)
    mine = wordings_file(home / "wordings")
    folder = studio.workspace.runs / "diverse-1"
    folder.mkdir(parents=True)
    chats_file(folder)
    record = {"kind": "diverse questions", "finished": True, "pairs": 2, "questions": 5, "wanted": 2}
    (folder / "record.json").write_text(json.dumps(record | {"model": {"name": "tiny"}}))
    text = studio.ask("/diversity").text
    assert str(mine) in text and "shift_notes.yaml" in text and "chats.jsonl" in text
    assert "runs%3Adiverse-1" in studio.ask("/runs").text
    assert "Where is Reykholt?" in studio.ask(at("runs:diverse-1")).text


def test_a_decision_is_on_disk_when_the_answer_comes(studio: Studio, own: Path) -> None:
    answer = studio.ask("/diversity/decide", {"file": str(own), "item": "a", "did": "drop"})
    assert answer.status == 303 and answer.headers["location"].endswith("#item-0")
    assert read_decisions(own).standing["a"].did == "drop"
    part = studio.ask("/diversity/undo", {"file": str(own), "part": "1"}).text
    assert 'id="item-0"' in part and "undecided" in part and 'id="standing"' in part
    assert not read_decisions(own).made


def test_an_edit_is_checked_at_its_row(studio: Studio, own: Path) -> None:
    form = {"file": str(own), "item": "a", "did": "edit", "before": "Is it true?", "after": "", "part": "1"}
    part = studio.ask("/diversity/decide", form).text
    assert "does not name every token" in part and "Is it true?" in part and "1 with faults" in part
    wrong = studio.ask("/diversity/write", {"file": str(own)}).text
    assert "is not written" in wrong and not own.with_name("w.reviewed.yaml").exists()
    studio.ask("/diversity/decide", form | {"before": "In <sep>, is it true?"})
    written = studio.ask("/diversity/write", {"file": str(own)}).text
    assert "diversity.wordings:" in written
    assert read_wordings(own.with_name("w.reviewed.yaml")).wordings[0].before == "In <sep>, is it true?"


def test_a_shipped_file_is_reviewed_as_a_copy(studio: Studio, home: Path) -> None:
    before = SHIPPED.read_bytes()
    page = studio.ask(at(SHIPPED)).text
    assert "Review a copy of my own" in page and 'value="keep"' not in page
    refused = studio.ask("/diversity/decide", {"file": str(SHIPPED), "item": "train_000", "did": "drop"})
    assert refused.status == 422 and "never written to" in refused.text
    moved = studio.ask("/diversity/copy", {"file": str(SHIPPED)})
    copy = home / "wordings" / "shift_notes.yaml"
    assert moved.status == 303 and copy.read_bytes() == before == SHIPPED.read_bytes()
    assert not list(SHIPPED.parent.glob("*.review.jsonl"))
    assert 'value="keep"' in studio.ask(at(copy)).text


@pytest.mark.parametrize(
    "form",
    [
        {"item": "nobody", "did": "drop"},
        {"item": "a", "did": "burn"},
        {"item": "a", "did": "edit", "before": "x" * 20_001},
        {"file": "/etc/passwd", "item": "a", "did": "drop"},
        {"file": "runs:../../own", "item": "a", "did": "drop"},
        {"file": "", "item": "a", "did": "drop"},
        {"file": "a\0b.yaml", "item": "a", "did": "drop"},
    ],
)
def test_what_cannot_be_decided_is_one_line(studio: Studio, own: Path, form: dict[str, str]) -> None:
    answer = studio.ask("/diversity/decide", {"file": str(own), "part": "1", **form})
    assert answer.status == 422 and not read_decisions(own).made


def test_filters_and_words_narrow_the_list(studio: Studio, own: Path) -> None:
    studio.ask("/diversity/decide", {"file": str(own), "item": "b", "did": "drop"})

    def shown(**filters: str) -> list[str]:
        return re.findall(r'<p class="head"><b>(\w)</b>', studio.ask(at(own, **filters)).text)

    assert shown() == ["a", "b", "c"] and shown(side="test") == ["c"] and shown(state="dropped") == ["b"]
    assert shown(q="claim judge") == ["b"] and shown(state="undecided", side="train") == ["a"]


def test_html_in_texts_stays_text(studio: Studio, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=x>"
    chat = {"id": evil, "messages": [{"role": "user", "content": evil}, {"role": "assistant", "content": evil}]}
    file = tmp_path / "chats.jsonl"
    file.write_text((json.dumps(chat) + "\n") * 4)
    for text in (studio.ask(at(file)).text, studio.ask(at(file, "/map")).text, studio.ask(at(file, "/numbers")).text):
        assert "<script>alert" not in text and "<img" not in text


def test_numbers_are_of_what_is_kept(studio: Studio, own: Path) -> None:
    def texts(side: str) -> str:
        return re.findall(rf'<td class="text">{side}</td><td class="number">(\d+)<', numbers())[0]

    def numbers() -> str:
        return studio.ask(at(own, "/numbers")).text

    assert texts("train") == "2"
    studio.ask("/diversity/decide", {"file": str(own), "item": "b", "did": "drop"})
    assert texts("train") == "1" and "similarity between a train and a test wording" in numbers()


def test_the_map_tells_sides_apart_by_shape_and_uses_embeddings_that_fit(studio: Studio, own: Path) -> None:
    studio.ask("/diversity/decide", {"file": str(own), "item": "b", "did": "drop"})
    text = studio.ask(at(own, "/map"), None, **{"x-part": "1"}).text
    assert text.count("<a ") == 3 and "hashed counts of words" in text
    for kind, shape in (("train", "<circle"), ("test", '<path d="M-5-5H5V5H-5Z"'), ("dropped", '<path d="M-5-5L5 5')):
        assert len(re.findall(rf'class="point {kind}">{re.escape(shape)}', text)) == 2  # a point and the key
    np.save(own.parent / "embeddings.npy", np.eye(3, 5))
    assert "the embeddings beside the file" in studio.ask(at(own, "/map")).text
    np.save(own.parent / "embeddings.npy", np.eye(4, 5))
    text = studio.ask(at(own, "/map")).text
    assert "not a row for each of 3 texts" in text and "hashed counts of words" in text


def test_alike_texts_are_near_on_the_map() -> None:
    texts = ["the sun is up in the sky", "the sun is up in the blue sky", "bake bread with salt", "bake bread with rye"]
    places = placed(hashed(texts))
    far = np.linalg.norm(places[0] - places[2])
    assert np.linalg.norm(places[0] - places[1]) < far and np.linalg.norm(places[2] - places[3]) < far
    assert places.min() == 0 and places.max() == 1
    assert (placed(hashed(["same"] * 4)) == 0.5).all()


def test_a_review_by_keyboard_alone(page: Any, studio: Studio, own: Path) -> None:
    page.goto(studio.url[:-1] + at(own))
    for key in "jyx":
        page.keyboard.press(key)
        expect(page.locator("li.now")).not_to_have_count(0)
        if key == "y":
            expect(page.locator("#item-0 .decided")).to_contain_text("kept")
    expect(page.locator("#item-1 .decided")).to_contain_text("dropped")
    expect(page.locator("#standing")).to_contain_text("2 of 3 decided, 1 dropped")
    page.keyboard.press("u")
    expect(page.locator("#item-1 .decided")).to_contain_text("undecided")
    page.keyboard.press("e")
    expect(page.locator("#item-1 textarea").first).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Judge this claim.")
    page.locator("#item-1").get_by_role("button", name="Save the edit").press("Enter")
    expect(page.locator("#item-1 .fault")).to_contain_text("does not name every token")
    expect(page.locator("#item-1 .decided")).to_contain_text("edited")
    assert read_decisions(own).standing["b"].texts == {"before": "Judge this claim.", "after": ""}


def test_an_edit_that_is_refused_keeps_what_was_typed(page: Any, studio: Studio, own: Path) -> None:
    page.goto(studio.url[:-1] + at(own))
    item = page.locator("#item-0")
    item.get_by_text("Edit (e)").click()
    item.get_by_label("Before the input").fill("x" * 20_001)
    item.get_by_role("button", name="Save the edit").click()
    expect(item.locator(".said")).to_contain_text("20001 characters")
    expect(item.get_by_label("Before the input")).to_have_value("x" * 20_001)


def test_the_map_is_reached_by_keyboard_and_nothing_scrolls_sideways(page: Any, studio: Studio, own: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(studio.url[:-1] + at(own))
    page.locator("#map").scroll_into_view_if_needed()
    point = page.locator("svg.map a").first
    expect(point).to_have_attribute("aria-label", re.compile("a, train: Say if it holds"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    point.focus()
    page.keyboard.press("Enter")
    expect(page.locator("li[data-item]").first).to_contain_text("Say if it holds")


def test_a_decision_without_a_script(chromium: Any, studio: Studio, own: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(studio.door)
    page.goto(studio.url[:-1] + at(own))
    page.locator("#item-0").get_by_role("button", name="Drop").click()
    expect(page.locator("#item-0 .decided")).to_contain_text("dropped")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#item-0 .decided")).to_contain_text("undecided")
    context.close()


def test_a_copy_is_made_and_written_with_plain_forms(page: Any, studio: Studio, home: Path) -> None:
    page.goto(studio.url[:-1] + at(SHIPPED))
    page.keyboard.press("c")
    expect(page.locator("#standing")).to_contain_text("0 of 111 decided")
    page.get_by_role("button", name="Write what is kept").click()
    expect(page.locator(".note.good")).to_contain_text("111 of 111 texts")
    assert (home / "wordings" / "shift_notes.reviewed.yaml").is_file()
