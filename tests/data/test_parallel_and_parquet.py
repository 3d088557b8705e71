"""Line-aligned texts, parquet, and folders of files."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unseen.data.rows import read_rows
from unseen.errors import DataMistake


def test_lines_are_aligned_blank_ones_too(write: Callable[..., Path], describe: Callable[..., Any]) -> None:
    write("x.en", "one\n\nthree\u2028still three\n")
    write("x.is", "einn\r\ntvö\r\nþrír\r\n")
    dataset = describe(source={"files": {"train": {"parallel": {"en": "x.en", "is": "x.is"}}}})
    assert [dict(row.values) for row in read_rows(dataset, "train")] == [
        {"en": "one", "is": "einn"},
        {"en": "", "is": "tvö"},
        {"en": "three\u2028still three", "is": "þrír"},
    ]


def test_texts_of_unequal_length_are_a_mistake(write: Callable[..., Path], describe: Callable[..., Any]) -> None:
    short, long = write("x.en", "one\n"), write("x.is", "einn\ntvö\n")
    dataset = describe(source={"files": {"train": {"parallel": {"is": str(long), "en": str(short)}}}})
    with pytest.raises(DataMistake, match=r"x\.en: ends after 1 lines where .*x\.is goes on"):
        list(read_rows(dataset, "train"))


def test_parquet_keeps_types_and_nesting(tmp_path: Path, values: Callable[..., Any]) -> None:
    rows = [
        {
            "text": "þú",
            "label": 1,
            "p": 0.5,
            "ok": True,
            "choices": {"text": ["a", "b"], "label": [0, 1]},
            "none": None,
        },
        {"text": "NA", "label": -1, "p": 1.0, "ok": False, "choices": {"text": [], "label": []}, "none": None},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    assert values(tmp_path / "x.parquet") == rows


def test_parquet_values_that_json_lacks(tmp_path: Path, values: Callable[..., Any]) -> None:
    row = {"day": datetime.date(2026, 1, 2), "price": Decimal("2.50"), "whole": Decimal("3"), "raw": b"\xff\x00"}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "x.parquet")
    assert values(tmp_path / "x.parquet") == [{"day": "2026-01-02", "price": 2.5, "whole": 3, "raw": "/wA="}]


def test_a_cut_parquet_file_is_the_users_mistake(tmp_path: Path, values: Callable[..., Any]) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.Table.from_pylist([{"a": 1}]), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataMistake, match="is not parquet"):
        values(path)


def test_a_folder_is_read_in_the_order_of_its_names(write: Callable[..., Path], describe: Callable[..., Any]) -> None:
    for name, text in (("b.csv", "t\n3\n"), ("a.csv", "t\n1\n2\n"), ("c.txt", "x")):
        write(f"parts/{name}", text)
    dataset = describe(source={"folder": "parts", "files": {"train": "*.csv"}})
    rows = list(read_rows(dataset, "train"))
    assert [(row.index, row.values["t"], row.values["_file"]) for row in rows] == [
        (0, "1", "a"),
        (1, "2", "a"),
        (2, "3", "b"),
    ]


def test_a_pattern_without_files_is_a_mistake(tmp_path: Path, describe: Callable[..., Any]) -> None:
    dataset = describe(source={"files": {"train": "nothing/*.csv"}})
    with pytest.raises(DataMistake, match=r"no file matches 'nothing/\*\.csv'"):
        list(read_rows(dataset, "train"))
