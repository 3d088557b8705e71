"""A row has one name everywhere: what a prediction says can be typed and followed on every page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from tests.reporting.page_runs import answers, write_run
from tests.studio.conftest import Studio
from unseen.data.dataset import Row
from unseen.errors import UserMistake
from unseen.model.random_models import random_folder
from unseen.reporting.numbers import row_name
from unseen.studio.row_names import row_place, row_place_from, said_row

DEALT = """dataset: dealt
cluster: talk
origin: [dealt]
licence: none
source:
  files:
    train: {path: rows.jsonl, deal: {of: 5, keep: [0, 1, 2, 3]}}
    test: {path: rows.jsonl, deal: {of: 5, keep: [4]}}
metrics: [exact_match]
templates:
  - {name: ask, prompt: "{{ text }} Is it?", completion: "yes"}
"""
THERE = "its 4 rows of test go from test[4] to test[19]"


@pytest.fixture
def dealt(home: Path) -> str:
    """A task whose test rows are every fifth of a file of twenty: 4, 9, 14 and 19."""
    folder = home / "catalog"
    folder.mkdir(parents=True)
    lines = (json.dumps({"text": f"This is record {n}."}) for n in range(20))
    (folder / "rows.jsonl").write_text("\n".join(lines))
    (folder / "dealt.yaml").write_text(DEALT)
    return "talk/dealt"


@pytest.fixture
def model(home: Path) -> str:
    return str(random_folder("tiny-random-llama"))


def tokens(studio: Studio, **values: str) -> str:
    return studio.ask(f"/tokens?{urlencode(values)}").text


def spelled(page: str) -> str:
    """What the boxes of tokens hold, joined."""
    return "".join(re.findall(r"<i data-id=[^>]*>([^<]*)</i>", page))


def rows(numbers: Sequence[int]) -> list[Row]:
    return [Row("test", number, {}) for number in numbers]


@given(st.sets(st.integers(0, 10**9)), st.integers(0, 10**9))
def test_a_row_is_found_by_its_number_or_told_with_its_neighbours(numbers: set[int], wanted: int) -> None:
    ordered = sorted(numbers)
    if wanted in numbers:
        assert row_place(rows(ordered), wanted, "a/b", "test") == ordered.index(wanted)
        return
    with pytest.raises(UserMistake) as told:
        row_place(rows(ordered), wanted, "a/b", "test")
    before, after = [n for n in ordered if n < wanted], [n for n in ordered if n > wanted]
    named = [wanted, before[-1], after[0]] if before and after else [wanted]
    assert all(row_name("test", number) in str(told.value) for number in named)
    assert row_place_from(rows(ordered), wanted) == sum(n < wanted for n in ordered)


@given(st.text(st.characters(exclude_characters="[]"), min_size=1, max_size=20), st.integers(0, 10**12 - 1))
def test_what_a_prediction_calls_a_row_is_read_back(split: str, number: int) -> None:
    assert said_row(row_name(split, number)) == (split.strip(), number)
    assert said_row(f" {number} ") == ("", number)


@pytest.mark.parametrize(
    "text", ["-1", "x", "test[", "test[]", "test[1", "1]", "[1]", "1.5", "9" * 5000, "٣", "a[1][2]"]
)
def test_what_names_no_row_is_told_with_an_example(text: str) -> None:
    with pytest.raises(UserMistake, match=r"names no row; write a number, or a row as predictions name it: test\[12\]"):
        said_row(text)


def test_tokens_begin_with_the_first_row_and_take_the_name_of_any(studio: Studio, dealt: str, model: str) -> None:
    asked = {"task": dealt, "model": model}
    assert "Row train[0]" in tokens(studio, **asked)
    assert "Row test[4]" in tokens(studio, **asked, split="test")
    text = tokens(studio, **asked, row="test[9]")
    assert "Row test[9]" in text and "record·9" in spelled(text) and "selected>test" in text and 'value="9"' in text
    assert "record·14" in spelled(tokens(studio, **asked, split="test", row="14"))


def test_a_split_that_is_chosen_later_begins_with_its_own_first_row(studio: Studio, dealt: str, model: str) -> None:
    asked = {"task": dealt, "model": model, "of": dealt, "row": "train[7]"}
    assert "Row train[7]" in tokens(studio, **asked, split="test", shown="test")
    assert "Row test[4]" in tokens(studio, **asked, split="test", shown="train")


@pytest.mark.parametrize("page", ["/tokens?task=talk/dealt&", "/ask?task=talk/dealt&", "/templates?task=talk/dealt&"])
def test_a_number_that_no_row_has_is_one_line_with_the_rows_that_there_are(
    studio: Studio, dealt: str, page: str
) -> None:
    for number, near in ((5, "the nearest are test[4] and test[9]"), (20, THERE), (0, THERE)):
        row = f"split=test&row={number}" if not page.startswith("/ask") else f"row=test[{number}]"
        answer = studio.ask(page + row)
        assert answer.status == 200 and f"has no row test[{number}]" in answer.text
        assert THERE in answer.text and near in answer.text and answer.text.count('role="alert"') == 1


def test_ask_takes_the_name_and_else_a_number_of_the_test_rows(studio: Studio, dealt: str) -> None:
    for row, said in (("test[9]", "test[9]"), ("9", "test[9]"), ("train[7]", "train[7]"), ("", "test[4]")):
        text = studio.ask(f"/ask?{urlencode({'task': dealt, 'row': row})}").text
        assert f"row {said}, one of" in text and f"This is record {re.sub(r'[^0-9]', '', said)}." in text


def test_templates_show_the_row_of_that_number_and_walk_over_the_gaps(studio: Studio, dealt: str) -> None:
    at = {"task": dealt, "split": "test"}
    for more, said in (
        ({}, 4),
        ({"row": "9"}, 9),
        ({"row": "9", "move": "later"}, 14),
        ({"row": "9", "move": "earlier"}, 4),
        ({"row": "19", "move": "later"}, 19),
        ({"row": "3", "shown": "train"}, 4),
    ):
        text = studio.ask(f"/templates?{urlencode({**at, **more})}").text
        assert f"Row test[{said}]" in text and f"This is record {said}." in text and f'value="{said}"' in text


def test_rows_of_a_dataset_are_turned_by_their_numbers(studio: Studio, home: Path, dealt: str) -> None:
    text = studio.ask("/rows/talk/dealt/train?from=7").text
    assert re.findall(r'title="(train\[\d+\])"', text) == [f"train[{n}]" for n in (7, 8, 10, 11, 12)]
    text = studio.ask("/rows/talk/dealt/train?from=9").text
    assert "has no row train[9]" in text and 'title="train[10]"' in text


def test_a_prediction_leads_to_its_row_everywhere(studio: Studio, dealt: str, model: str) -> None:
    one = replace(next(answers(1)), task=dealt, template="ask", row=9)
    write_run(studio.workspace.runs / "mine", [one, replace(one, model="tuned")])
    text = studio.ask("/prediction/0/mine").text
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)" class="button"', text)]
    assert [link.partition("?")[0] for link in links] == [
        "/prediction-tokens/0/mine", "/tokens", "/templates", "/ask",
    ]  # fmt: skip
    links = links[1:]
    shown = [studio.ask(link).text for link in links]
    assert "row=test%5B9%5D" in links[0] and "Row test[9]" in shown[1] and "row test[9], one of 4 rows" in shown[2]
    assert "Row test[9]" in tokens(studio, task=dealt, template="ask", row="test[9]", model=model)
    assert "test[9]" in studio.ask("/prediction-list/mine?q=test[9]").text.partition("<tbody>")[2]


def test_a_prediction_of_a_task_that_is_not_here_says_so(studio: Studio) -> None:
    write_run(studio.workspace.runs / "mine", list(answers(1)))
    assert "have no task nli/small" in studio.ask("/prediction/0/mine").text


def test_a_row_typed_by_its_name_chooses_its_split(page: Any, studio: Studio, dealt: str, model: str) -> None:
    page.goto(f"{studio.url}tokens?{urlencode({'task': dealt, 'model': model})}")
    row = page.get_by_label("Row", exact=True)
    row.fill("test[9]")
    expect(page.get_by_role("heading", name="Row test[9]")).to_be_visible()
    expect(page.get_by_label("Split")).to_have_value("test")
    page.get_by_label("Split").focus()
    page.get_by_label("Split").select_option("train")
    expect(page.get_by_role("heading", name="Row train[0]")).to_be_visible()
    expect(row).to_have_value("0")


def test_another_split_on_templates_begins_with_its_first_row(page: Any, studio: Studio, dealt: str) -> None:
    page.goto(f"{studio.url}templates?{urlencode({'task': dealt, 'row': 2})}")
    page.get_by_label("Split").select_option("test")
    expect(page.get_by_role("heading", name="Row test[4]")).to_be_visible()
    expect(page.locator("#row")).to_have_value("4")
    page.keyboard.press("Escape")
    page.locator("#row").fill("9")
    expect(page.get_by_role("heading", name="Row test[9]")).to_be_visible()
