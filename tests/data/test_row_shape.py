"""From records to rows: columns by path, exploded lists, extracted text, labels as indexes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.data.columnpath import NoSuchColumn, column_at
from unseen.data.dataset import Labels, Row
from unseen.data.description import load_description
from unseen.data.labels import LabelIndex
from unseen.data.rows import is_unlabelled, open_rows, read_rows
from unseen.errors import DataMistake, UserMistake

NESTED = {
    "id": 7,
    "a.b": "dotted name",
    "question": {"stem": "why?", "choices": [{"text": "x", "label": "A"}, {"text": "y", "label": "B"}]},
    "turns": ["first", "last"],
    "scores": {"no": 0, "yes": 1, "also": 1},
    "grid": [[1, 2], [3]],
    "Things to Avoid": "-",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", 7),
        ("a.b", "dotted name"),
        ("Things to Avoid", "-"),
        ("question.stem", "why?"),
        ("question.choices[].text", ["x", "y"]),
        ("question.choices[1].label", "B"),
        ("turns[0]", "first"),
        ("turns[-1]", "last"),
        ("scores{keys}", ["no", "yes", "also"]),
        ("scores{values}", [0, 1, 1]),
        ("scores{best}", 1),
        ("grid[][0]", [1, 3]),
        ("missing?", None),
        ("question.missing?", None),
        ("question.stem?", "why?"),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: Any) -> None:
    assert column_at(NESTED, path) == value


@pytest.mark.parametrize("path", ["missing", "question.missing", "turns[5]", "id.deeper", "id[]", "turns{keys}"])
def test_a_path_that_leads_nowhere(path: str) -> None:
    with pytest.raises(NoSuchColumn):
        column_at(NESTED, path)


NAMES = st.text("abcdefg_ -", min_size=1, max_size=4)


@given(st.recursive(st.integers(), lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=6))
def test_every_leaf_has_a_path(tree: Any) -> None:
    def leaves(value: Any, path: str) -> list[tuple[str, Any]]:
        if not isinstance(value, dict):
            return [(path, value)]
        return [leaf for key, inner in value.items() for leaf in leaves(inner, f"{path}.{key}" if path else key)]

    for path, leaf in leaves({"top": tree}, ""):
        assert column_at({"top": tree}, path) == leaf


def lines(*records: dict[str, Any]) -> str:
    return "\n".join(map(json.dumps, records))


def test_mapped_and_original_columns_stand_side_by_side(write: Callable[..., Path], values: Callable[..., Any]) -> None:
    path = write("x.jsonl", lines({"sentence": "good", "liked": 1, "text": "old"}))
    said = {"columns": {"text": "sentence", "was": "text"}}
    assert values(path, said) == [{"sentence": "good", "liked": 1, "text": "good", "was": "old"}]


def test_a_file_may_rename_its_own_columns(write: Callable[..., Path], describe: Callable[..., Any]) -> None:
    write("a.jsonl", lines({"sentence": "s"}))
    write("b.jsonl", lines({"review": "r"}))
    files = {"train": "a.jsonl", "test": {"path": "b.jsonl", "columns": {"text": "review"}}}
    dataset = describe(source={"files": files}, columns={"text": "sentence"})
    assert [next(read_rows(dataset, split)).values["text"] for split in ("train", "test")] == ["s", "r"]


def test_a_missing_column_names_file_record_and_the_nearest(
    write: Callable[..., Path], values: Callable[..., Any]
) -> None:
    path = write("x.jsonl", lines({"sentence": "a"}, {"sentense": "b"}))
    with pytest.raises(DataMistake, match=r"x\.jsonl, record 1: has no column 'sentence'; did you mean 'sentense'"):
        values(path, {"columns": {"text": "sentence"}})


def test_a_column_whose_name_looks_like_a_path(write: Callable[..., Path], values: Callable[..., Any]) -> None:
    path = write("x.csv", "score [0-1],is it?,1.5\n0.5,yes,x\n")
    said = {"columns": {"score": "score [0-1]", "it": "is it?", "n": 1.5}}
    with pytest.raises(DataMistake, match=r"columns\.n"):
        values(path, said)
    said["columns"]["n"] = "1.5"
    assert {name: values(path, said)[0][name] for name in ("score", "it", "n")} == {
        "score": "0.5",
        "it": "yes",
        "n": "x",
    }
    with pytest.raises(DataMistake, match=r"record 0: 'b\[c\]' is no path"):
        values(path, {"columns": {"a": "b[c]"}})


BIG_BENCH = {
    "name": "two",
    "task_prefix": "Say which.",
    "examples": [
        {"input": "sky", "target_scores": {"green": 0, "blue": 1}},
        {"input": "grass", "target_scores": {"green": 1, "blue": 0}},
    ],
}


def test_explode_makes_a_row_of_each_element(write: Callable[..., Path], describe: Callable[..., Any]) -> None:
    write("x.json", json.dumps(BIG_BENCH))
    dataset = describe(
        source={"files": {"test": "x.json"}},
        explode="examples",
        columns={"choices": "target_scores{keys}", "label": "target_scores{best}", "prefix": "outer.task_prefix"},
    )
    rows = list(read_rows(dataset, "test"))
    assert [(row.index, row.values["input"], row.values["label"]) for row in rows] == [(0, "sky", 1), (1, "grass", 0)]
    assert rows[0].values["choices"] == ["green", "blue"]
    assert rows[1].values["prefix"] == "Say which."
    assert "examples" not in rows[0].values["outer"]  # else each row would hold all rows


def test_explode_through_several_lists(write: Callable[..., Path], describe: Callable[..., Any]) -> None:
    questions = [
        {"question": "who?", "idx": 1, "answers": [{"text": "I", "label": 1}, {"text": "you", "label": 0}]},
        {"question": "when?", "idx": 2, "answers": [{"text": "now", "label": 1}]},
    ]
    write("x.jsonl", lines({"idx": 0, "passage": {"text": "It was I.", "questions": questions}}))
    dataset = describe(
        source={"files": {"train": {"path": "x.jsonl", "take": [1, None]}}},
        explode="passage.questions[].answers",
        columns={"question": "outer.question", "passage": "outer.passage.text"},
        labels={"column": "label", "words": ["no", "yes"]},
    )
    rows = list(read_rows(dataset, "train"))
    assert [(row.index, row.values["question"], row.values["text"], row.values["label"]) for row in rows] == [
        (1, "who?", "you", 0),
        (2, "when?", "now", 1),
    ]
    assert rows[0].values["passage"] == "It was I."
    assert rows[0].values["outer"]["idx"] == 1  # the nearest one
    assert rows[0].values["outer"]["passage"] == {"text": "It was I."}


def test_explode_of_what_is_no_list(write: Callable[..., Path], values: Callable[..., Any]) -> None:
    path = write("x.jsonl", lines({"a": [{"b": 1}]}, {"a": 3}))
    with pytest.raises(DataMistake, match=r"record 1: .*a int where a list was expected|record 1: .*list was expected"):
        values(path, {"explode": "a"})
    with pytest.raises(DataMistake, match="has no column 'aa'; did you mean 'a'"):
        values(path, {"explode": "aa"})


RENDERED = "sentence 1: it\nrains\nsentence 2: wet"


def test_extract_gets_columns_out_of_rendered_text(write: Callable[..., Path], values: Callable[..., Any]) -> None:
    path = write("x.jsonl", lines({"s": RENDERED, "q": "Pick: A1: red A2: dark blue A3: x"}))
    said = {
        "columns": {"sentence": "s"},
        "extract": {
            "premise": {"column": "sentence", "pattern": r"(?s)sentence 1: (.*)\nsentence 2: "},
            "hypothesis": {"column": "s", "pattern": r"sentence 2: (?P<rest>.*)", "group": "rest"},
            "choices": {"column": "q", "pattern": r"A\d: (.+?)(?= A\d:|$)", "all": True},
            "number": {"column": "s", "pattern": r"\d"},
            "colour": {"column": "s", "pattern": "red|blue", "default": "none"},
        },
    }
    (row,) = values(path, said)
    assert (row["premise"], row["hypothesis"]) == ("it\nrains", "wet")
    assert (row["choices"], row["number"], row["colour"]) == (["red", "dark blue", "x"], "1", "none")


def test_extract_without_a_match_is_a_mistake(write: Callable[..., Path], values: Callable[..., Any]) -> None:
    path = write("x.jsonl", lines({"s": "a1"}, {"s": "b"}, {"s": 3}))
    with pytest.raises(UserMistake, match="record 1: column 's' has no match"):
        values(path, {"extract": {"n": {"column": "s", "pattern": r"\d"}}})
    with pytest.raises(DataMistake, match="record 2: extract needs text, column 's' holds a int"):
        values(path, {"extract": {"n": {"column": "s", "pattern": r"\w"}}})


@pytest.mark.parametrize(
    ("said", "raw", "index"),
    [
        ({"words": ("no", "yes")}, "yes", 1),
        ({"words": ("no", "yes")}, " YES", 1),
        ({"words": ("no", "yes")}, 0, 0),
        ({"words": ("no", "yes")}, "1", 1),
        ({"words": ("no", "yes")}, True, 1),
        ({"words": ("no", "yes")}, 1.0, 1),
        ({"words": ("True", "False")}, True, 0),
        ({"words": ("false", "true")}, "TRUE", 1),
        ({"words": ("Aa", "aa")}, "aa", 1),
        ({"words": ("no", "yes"), "unlabelled": -1}, -1, None),
        ({"words": ("no", "yes"), "unlabelled": -1}, "-1", None),
        ({"words": ("no", "yes")}, None, None),
        ({"words": ("first", "second"), "values": ((1,), (2,))}, "1", 0),
        ({"words": ("first", "second"), "values": ((1,), (2,))}, 2, 1),
        ({"words": ("A", "B"), "values": (("A", 1), ("B", 2))}, "2", 1),
        ({"words": ("a", "b"), "values": ((1,), (2,)), "unlabelled": 0}, 0, None),
    ],
)
def test_a_label_becomes_its_index(said: dict[str, Any], raw: Any, index: int | None) -> None:
    assert LabelIndex(Labels("label", **said)).index_of(raw) == index


@pytest.mark.parametrize("raw", ["maybe", 2, -1, 0.5, "2", None, ["yes"]])
def test_another_label_is_refused_and_the_allowed_ones_named(raw: Any) -> None:
    with pytest.raises(ValueError, match=r"is none of 'no', 'yes', or 0 to 1, or '-' \(unlabelled\)"):
        LabelIndex(Labels("label", ("no", "yes"), unlabelled="-")).index_of(raw)


def test_given_values_leave_no_place_for_an_index() -> None:
    with pytest.raises(ValueError, match=r"label 0 is none of '1', '2'$"):
        LabelIndex(Labels("label", ("a", "b"), values=((1,), (2,)))).index_of(0)


def test_a_bad_label_names_file_and_record(write: Callable[..., Path], values: Callable[..., Any]) -> None:
    path = write("x.csv", "label\nyes\nmaybe\n")
    with pytest.raises(DataMistake, match=r"x\.csv, record 1: label 'maybe' is none of 'no', 'yes'"):
        values(path, {"labels": {"column": "label", "words": ["no", "yes"]}})


def test_unlabelled_rows_are_told(write: Callable[..., Path], describe: Callable[..., Any]) -> None:
    write("x.csv", "label,t\n0,a\n-1,b\n1,c\n")
    said = {"labels": {"column": "label", "words": ["no", "yes"], "unlabelled": -1}}
    dataset = describe(source={"files": {"train": "x.csv"}}, **said)
    assert [is_unlabelled(dataset, row) for row in read_rows(dataset, "train")] == [False, True, False]
    assert is_unlabelled(dataset, Row("train", 0, {"label": -1}))
    assert not is_unlabelled(dataclasses.replace(dataset, labels=None), Row("train", 0, {}))


def test_dealt_splits_share_no_record_and_leave_none_out(write: Callable[[str, str], Path], home: Path) -> None:
    write("rows.csv", "text,label\n" + "".join(f"row {i},{int(i >= 50)}\n" for i in range(100)))
    path = write(
        "d.yaml",
        "dataset: d\ncluster: c\nsource:\n  files:\n"
        "    train: {path: rows.csv, deal: {of: 5, keep: [0, 1, 2, 3]}}\n"
        "    test: {path: rows.csv, deal: {of: 5, keep: [4]}}\n",
    )
    dataset = load_description(path)
    train, test = (list(open_rows(dataset, split)) for split in ("train", "test"))
    assert sorted(row.index for row in train + test) == list(range(100))
    assert {row.values["label"] for row in test} == {"0", "1"} and len(test) == 20
