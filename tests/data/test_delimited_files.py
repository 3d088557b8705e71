"""csv and tsv: every value is the text that the file holds, and a broken record names its line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unseen.data.delimited import read_delimited
from unseen.data.together import sound
from unseen.errors import DataMistake

CSV = {"delimiter": ","}
TSV = {"delimiter": "\t"}


def saved(folder: Path, data: bytes | str, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_words_that_other_readers_take_for_nothing_stay_text(tmp_path: Path) -> None:
    path = saved(tmp_path, "a,b,c\nNA,None,\nnull,nan,-1\n")
    assert list(read_delimited(path, CSV)) == [
        {"a": "NA", "b": "None", "c": ""},
        {"a": "null", "b": "nan", "c": "-1"},
    ]


def test_quoted_newlines_delimiters_and_quotes(tmp_path: Path) -> None:
    path = saved(tmp_path, 'a,b\r\n"one\ntwo","x, ""y"""\r\nthree,z\r\n')
    assert list(read_delimited(path, CSV)) == [{"a": "one\ntwo", "b": 'x, "y"'}, {"a": "three", "b": "z"}]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path, encoding: str) -> None:
    path = saved(tmp_path, "náfn,b\nþú,2\n".encode(encoding))
    assert list(read_delimited(path, CSV)) == [{"náfn": "þú", "b": "2"}]


def test_without_a_header_the_description_names_the_columns(tmp_path: Path) -> None:
    path = saved(tmp_path, "1,good\n0,bad\n")
    assert list(read_delimited(path, {**CSV, "header": False, "columns": ("label", "text")})) == [
        {"label": "1", "text": "good"},
        {"label": "0", "text": "bad"},
    ]
    assert next(read_delimited(path, {**CSV, "header": False})) == {"0": "1", "1": "good"}


def test_a_tsv_with_unbalanced_quotes_is_read_without_quoting(tmp_path: Path) -> None:
    lines = 'text\tlabel\n"an open quote\t0\nplain\t1\nclosed "here"\t1\n'
    assert list(read_delimited(saved(tmp_path, lines), TSV)) == [
        {"text": '"an open quote', "label": "0"},
        {"text": "plain", "label": "1"},
        {"text": 'closed "here"', "label": "1"},
    ]


def test_two_stray_quotes_do_not_swallow_the_lines_between_them(tmp_path: Path) -> None:
    lines = 'text\tlabel\n"first\t0\nsecond\t1\nthird 5"\t1\n'  # as csv: one record of two columns
    assert [row["label"] for row in read_delimited(saved(tmp_path, lines), TSV)] == ["0", "1", "1"]


def test_a_tsv_with_balanced_quotes_keeps_its_quoted_newlines(tmp_path: Path) -> None:
    lines = 'text\tlabel\n"two\nlines"\t0\nplain\t1\n'
    assert [row["text"] for row in read_delimited(saved(tmp_path, lines), TSV)] == ["two\nlines", "plain"]


def test_separators_that_are_no_line_feed_stay_inside_a_tsv_value(tmp_path: Path) -> None:
    rows = list(read_delimited(saved(tmp_path, "text\tn\na\u2028b\x85c\x0bd\t1\n"), TSV))
    assert rows == [{"text": "a\u2028b\x85c\x0bd", "n": "1"}]


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"a,b\n1,2\n1,2,3\n", 3, "3 columns where 2"),
        (b"a,b\n1\n", 2, "1 columns where 2"),
        (b'a,b\n"x\ny",2\n3\n', 4, "1 columns where 2"),
        (b'a,b\n1,2\n"never closed,2\n3,4\n', 3, "no csv"),
        (b'a,b\n"x"y,2\n', 2, "no csv"),
        (b"a,b\n1,\x00\n", 2, "NUL"),
        (b"a,b\n1,2\n1,\xff\xfe\n", 3, "not utf-8"),
        (b"a,a\n1,2\n", 1, "twice"),
    ],
)
def test_a_broken_file_names_its_line(tmp_path: Path, data: bytes, line: int, what: str) -> None:
    path = saved(tmp_path, data)
    with pytest.raises(DataMistake, match=what) as mistake:
        list(sound(read_delimited(path, CSV), str(path)))
    assert mistake.value.where == f"{path}, line {line}"


def test_a_named_encoding_is_used(tmp_path: Path) -> None:
    path = saved(tmp_path, "a,b\ncafé,2\n".encode("latin-1"))
    assert next(read_delimited(path, {**CSV, "encoding": "latin-1"}))["a"] == "café"


def test_a_field_longer_than_python_allows_by_default(tmp_path: Path) -> None:
    path = saved(tmp_path, f"a,b\n{'x' * 200_000},1\n")
    assert len(next(read_delimited(path, CSV))["a"]) == 200_000


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(records=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6), delimiter=st.sampled_from(",\t"))
def test_what_csv_writes_is_what_is_read(tmp_path: Path, records: list[tuple[str, str]], delimiter: str) -> None:
    path = tmp_path / "written.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([("a", "b"), *records])
    options = {"delimiter": delimiter, "quoting": "csv"}
    assert [(row["a"], row["b"]) for row in read_delimited(path, options)] == records
