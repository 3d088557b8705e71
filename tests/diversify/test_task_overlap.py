"""Texts that stand in tasks' rows are found, those of the released DELIA rows among them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.diversify.overlap import TaskTexts
from unseen.task.catalog import load_catalog

DESCRIPTION = """\
dataset: facts
cluster: toy
origin: [facts]
language: en
licence: CC0
source: {files: {train: facts.jsonl, test: more.jsonl}}
metrics: [accuracy]
templates:
  - {name: ask, prompt: "{{ asked }}", completion: "{{ said }}"}
"""
PASSAGE = "the old harbour master kept a ledger of every ship that had ever come in after dark without a light"


def texts_of(write: Callable[[str, str], Path], *rows: dict[str, str]) -> TaskTexts:
    file = write("catalog/facts.yaml", DESCRIPTION)
    write("catalog/facts.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    write(
        "catalog/more.jsonl",
        json.dumps({"asked": "Which river is the longest one in Norway?", "said": "Glomma"}) + "\n",
    )
    return TaskTexts(load_catalog([str(file.parent)]).match(["toy/*"]))


def test_texts_meet_rows_of_any_split_that_they_equal_nearly_equal_or_quote(
    write: Callable[[str, str], Path],
) -> None:
    known = texts_of(write, {"asked": "What is a tide?", "said": PASSAGE})
    found = known.met(
        [
            "what is a TIDE",
            "Which river is the longest one in Norway, then?",
            f"Go on with this story: {PASSAGE}, and that was how it began.",
            "Which mountain is the highest one in Peru?",
            "tide",
            "What is a tide and how does it come about?",
        ]
    )
    assert [each and (each.row, each.kind) for each in found] == [
        ("toy/facts/train/0", "equal to a text"),
        ("toy/facts/test/0", "nearly equal to a text"),
        ("toy/facts/train/0", "shares a passage with a text"),
        None,
        None,
        None,
    ]
    assert found[0] and found[0].fault.reason == "equal to a text in toy/facts/train"
    assert {each["rows_of"]: each["rows"] for each in known.as_json()} == {"toy/facts/train": 1, "toy/facts/test": 1}


def query_of(text: str) -> str:
    found = re.search(r"'user_query' : (.*?)\n'chatgpt_response'", text, re.S)
    assert found
    return found[1].strip()


@pytest.mark.parametrize(("file", "shared"), [("train.jsonl", 19), ("eval.jsonl", 1)])
def test_exactly_the_delia_rows_whose_query_is_in_the_public_test_are_found(
    real_data: Path, monkeypatch: pytest.MonkeyPatch, file: str, shared: int
) -> None:
    """34 of the 100 training rows share their query with the whole public test, of which every other row lies here."""
    if not (real_data / "delia_format").is_dir() or not (real_data / "halu_cot_json").is_dir():
        pytest.skip("the DELIA rows are not there")
    monkeypatch.setenv("UNSEEN_DATA", str(real_data))
    lines = (real_data / "delia_format" / file).read_text().splitlines()
    asked = [json.loads(line)["messages"][0]["content"] for line in lines]
    tested = (real_data / "halu_cot_json" / "test_part.jsonl").read_text().splitlines()
    queries = {query_of(json.loads(line)["prompt"]) for line in tested}
    expected = [query_of(text) in queries for text in asked]
    known = TaskTexts(load_catalog(["data"]).match(["formatted_text/halu_cot_json"]))
    assert [each is not None for each in known.met(asked)] == expected
    assert sum(expected) == shared
