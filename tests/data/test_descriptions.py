"""Descriptions: what they may say, and that every mistake of a file is told at once with a remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unseen.data.dataset import Source
from unseen.data.description import load_description
from unseen.data.rows import open_rows, read_rows
from unseen.errors import DataMistake, Mistakes, UserMistake

WHOLE = """
dataset: film_notes
cluster: sentiment
origin: [film_notes, other_films]
language: is
licence: Apache-2.0
source: {files: {train: film_notes/train.jsonl, test: {path: t.tsv, take: [0, 800], header: false, columns: [text, 1]}}}
columns: {note: text, deep: "a.b[].c"}
labels: {column: label, words: ["no", "yes"], unlabelled: -1}
extract: {first: {column: note, pattern: '(\\w+) \\w+'}}
metrics: [accuracy]
templates:
  - {name: liked_it, prompt: "{{ note }}", completion: "{{ answer_choices[label] }}", answer_choices: ["no", "yes"]}
"""


def test_a_whole_description(write: Callable[..., Path], tmp_path: Path) -> None:
    dataset = load_description(write("film_notes.yaml", WHOLE))
    assert (dataset.name, dataset.cluster, dataset.task) == ("film_notes", "sentiment", "sentiment/film_notes")
    assert (dataset.origin, dataset.language) == (("film_notes", "other_films"), ("is",))
    assert dataset.splits["train"] == Source(str(tmp_path / "film_notes/train.jsonl"), "jsonl")
    test = dataset.splits["test"]
    assert (test.format, test.take) == ("tsv", (0, 800))
    assert dict(test.options) == {"header": False, "columns": ("text", "1")}
    assert dataset.labels is not None
    assert (dataset.labels.words, dataset.labels.unlabelled) == (("no", "yes"), -1)
    assert dataset.extract["first"].group == 1
    assert dataset.templates[0]["name"] == "liked_it"
    assert dataset.file == tmp_path / "film_notes.yaml"


def test_files_of_the_data_folder(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, describe: Callable[..., Any], tmp_path: Path
) -> None:
    said = {"source": {"root": "data", "files": {"train": "sub/x.jsonl"}}}
    monkeypatch.setenv("UNSEEN_DATA", str(tmp_path / "elsewhere"))
    write("elsewhere/sub/x.jsonl", '{"a": 1}\n')
    assert [row.values["a"] for row in read_rows(describe(**said), "train")] == [1]
    monkeypatch.delenv("UNSEEN_DATA")
    dataset = describe(**said)  # descriptions load without the data, so that they can be listed
    with pytest.raises(DataMistake, match="UNSEEN_DATA is not set"):
        list(read_rows(dataset, "train"))
    with pytest.raises(DataMistake, match="UNSEEN_DATA is not set"):
        open_rows(dataset, "train")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"metrcs": ["accuracy"]}, "unknown key 'metrcs'; did you mean 'metrics'"),
        ({"source": {"files": {"train": {"path": "x.csv", "hedaer": True}}}}, "did you mean 'header'?"),
        ({"source": {"files": {"train": {"path": "x.jsonl", "header": False}}}}, "'header' means nothing for jsonl"),
        ({"source": {"files": {"train": {"path": "x.json", "columns": ["a"]}}}}, "names its own columns"),
        ({"source": {"files": {"train": "x.dat"}}}, "'x.dat' does not tell its format"),
        ({"source": {"files": {"train": {"path": "x.csv", "encoding": "utf-9"}}}}, "no encoding is called 'utf-9'"),
        ({"source": {"files": {"train": {"path": "x.csv", "take": [0, -1]}}}}, "source.files.train.take"),
        ({"source": {"files": {"train": {"take": [0, 1]}}}}, "either 'path: file' or 'parallel:"),
        ({"source": {"files": {"a/b": "x.csv"}}}, "'a/b' is no name of a split"),
        ({"source": {}}, "either 'files: {train: file, ...}' or 'hub:"),
        ({"source": {"hub": "org/name@abc"}}, "name the splits of the hub dataset"),
        ({"source": {"hub": "o/n", "splits": {"train": "train"}, "header": True}}, "of the reading keys none applies"),
        ({"labels": {"column": "label", "words": ["maybe", True]}}, "put the word in quotes"),
        ({"labels": {"column": "label"}}, "name the words of the labels"),
        ({"labels": {"column": "label", "words": ["1", "2"]}}, "the word '1' could be an index"),
        ({"labels": {"column": "label", "words": ["a", "b"], "values": [1]}}, "2 words for 1 values"),
        ({"extract": {"x": {"column": "a", "pattern": "("}}}, "no regular expression"),
        ({"extract": {"x": {"column": "a", "pattern": "(a)", "group": 2}}}, "pattern has no group 2, only 0, 1"),
        ({"kind": "row"}, "kind: must be"),
        ({"dataset": "a/b"}, 'and begins with a letter or digit (it is "a/b"); try a_b'),
        ({"cluster": "été?"}, "cluster: may hold letters (a to z, A to Z), digits and _ . + -, and"),
        ({"templates": ["hello"]}, "templates.0"),
    ],
)
def test_a_mistake_is_one_line_with_its_key(describe: Callable[..., Any], changes: dict[str, Any], line: str) -> None:
    with pytest.raises(UserMistake) as mistake:
        describe(**{"source": {"files": {"train": "x.csv"}}, **changes})
    assert len(mistake.value.lines) == 1
    assert line in mistake.value.lines[0]
    assert "described.yaml" in mistake.value.lines[0]


def test_all_mistakes_of_a_file_are_told_together(describe: Callable[..., Any]) -> None:
    with pytest.raises(Mistakes) as mistakes:
        describe(source={"files": {"train": {"path": "x.csv", "heder": 1}}}, kind="row", lable={}, explode=3)
    assert len(mistakes.value.lines) == 4
    with pytest.raises(Mistakes) as mistakes:
        describe(source={"files": {"train": "x.dat", "test": {"path": "x.jsonl", "quoting": "none"}}})
    assert len(mistakes.value.lines) == 2


@pytest.mark.parametrize(
    ("text", "what"), [("dataset: [", "line 1"), ("- a\n", "a list"), ("a: b: c\n", "line 1"), ("", "holds nothing")]
)
def test_a_file_that_is_no_description(write: Callable[..., Path], text: str, what: str) -> None:
    path = write("broken.yaml", text)
    with pytest.raises(DataMistake, match=what) as mistake:
        load_description(path)
    assert str(path) in str(mistake.value)


def test_a_missing_file_or_split_is_named(tmp_path: Path, describe: Callable[..., Any]) -> None:
    with pytest.raises(DataMistake, match="no such file"):
        load_description(tmp_path / "nowhere.yaml")
    dataset = describe(source={"files": {"train": "nowhere.jsonl"}})
    with pytest.raises(DataMistake, match=r"nowhere\.jsonl: no such file"):
        list(read_rows(dataset, "train"))
    with pytest.raises(DataMistake, match="did you mean 'train'"):
        list(read_rows(dataset, "trian"))


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.csv", "x.tsv"])
def test_a_file_without_records_is_a_mistake(write: Callable[..., Path], values: Callable[..., Any], name: str) -> None:
    with pytest.raises(DataMistake, match="holds no records"):
        values(write(name, "" if "json" in name else "a,b\n"))


def test_take_counts_records_of_the_file(write: Callable[..., Path], describe: Callable[..., Any]) -> None:
    write("x.csv", "n\n" + "".join(f"{n}\n" for n in range(5)))
    source = {"files": {"train": {"path": "x.csv", "take": [0, 3]}, "test": {"path": "x.csv", "take": [3, None]}}}
    dataset = describe(source=source)
    assert [(row.id, row.values["n"]) for row in read_rows(dataset, "test")] == [("test/3", "3"), ("test/4", "4")]
    assert [row.index for row in read_rows(dataset, "train")] == [0, 1, 2]
    with pytest.raises(DataMistake, match="no records from 9 to the end"):
        list(read_rows(describe(source={"files": {"train": {"path": "x.csv", "take": [9, None]}}}), "train"))
