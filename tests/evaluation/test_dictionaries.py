"""Answers that are dictionaries: judged by hand, and on the DELIA authors' own rows."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from unseen.errors import ScoreMistake
from unseen.evaluation.metrics import row_value

REFERENCE = "{'thought': 'It names a city that does not exist.', 'hallucination': 'yes'}"
JUDGED = [  # answer, python_dict, json_dict, dict_keys, last_value, dict_begun
    (REFERENCE, 100, 0, 100, 100, 100),
    ("  {'thought': 'Fine.', 'hallucination': 'no'}\n", 100, 0, 100, 0, 100),
    ('{"thought": "Fine.", "hallucination": "Yes"}', 100, 100, 100, 100, 100),
    ("{'thought': 'It's wrong.', 'hallucination': 'yes'}", 0, 0, 100, 100, 100),  # an apostrophe breaks the literal
    ("{'hallucination': 'yes', 'thought': 'Out of order.'}", 0, 0, 0, 100, 0),
    ("{'thought': 'No label.'}", 0, 0, 0, 0, 100),
    ("{'thought': 'One more.', 'hallucination': 'yes', 'sure': 'no'}", 0, 0, 100, 100, 100),
    ("Sure: {'thought': 'Talk before it.', 'hallucination': 'yes'}", 0, 0, 0, 0, 0),
    ("{'thought': 'Never closed.', 'hallucination': 'yes'", 0, 0, 0, 0, 100),
    ("yes", 0, 0, 0, 0, 0),
    ("", 0, 0, 0, 0, 0),
    ("[" * 100_000, 0, 0, 0, 0, 0),
    ("{'thought': '\\d', 'hallucination': 'yes'}", 100, 0, 100, 100, 100),
]


@pytest.mark.parametrize(("answer", "python", "json_", "keys", "last", "begun"), JUDGED)
def test_answers_judged_by_hand(answer: str, python: int, json_: int, keys: int, last: int, begun: int) -> None:
    metrics = ("python_dict", "json_dict", "dict_keys", "last_value", "dict_begun")
    assert [row_value(metric, answer, [REFERENCE]) for metric in metrics] == [python, json_, keys, last, begun]


def test_a_json_reference_asks_for_its_keys_too() -> None:
    assert row_value("json_dict", '{"a": 1, "b": [2]}', ['{"a": null, "b": true}']) == 100
    assert row_value("last_value", "{'a': 1, 'b': True}", ['{"a": null, "b": true}']) == 100


@pytest.mark.parametrize("metric", ["python_dict", "json_dict", "dict_keys", "dict_begun", "last_value"])
def test_where_no_dictionary_is_wanted_the_answer_must_not_be_one_nor_begin_as_one(metric: str) -> None:
    answers = ["It names a city.", "", REFERENCE, "  {'thought': 'Never closed", "No {braces} at the start."]
    assert [row_value(metric, each, ["None"]) for each in answers] == [100, 100, 0, 0, 100]


def test_a_reference_that_is_no_dictionary_is_a_mistake() -> None:
    with pytest.raises(ScoreMistake, match="no dictionary with text as keys: 'yes'"):
        row_value("python_dict", REFERENCE, ["yes"])


def test_the_released_rows_of_delia_are_literals_and_no_json(real_data: Path) -> None:
    """papers.md, 1.3: 100 of 100 parse as Python, none as JSON; 85 say no, 15 yes."""
    lines = (real_data / "delia_format" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line)["messages"][-1]["content"] for line in lines]
    metrics = ("python_dict", "json_dict", "dict_keys", "last_value")
    found = Counter({metric: sum(row_value(metric, each, [each]) == 100 for each in answers) for metric in metrics})
    assert found == {"python_dict": 100, "dict_keys": 100, "last_value": 100, "json_dict": 0}
    no = "{'thought': 'x', 'hallucination': 'no'}"
    assert sum(row_value("last_value", no, [each]) for each in answers) == 8500
