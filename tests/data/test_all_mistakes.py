"""All bad records of a file are told at once; until the first of them rows are streamed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.data.rows import read_rows
from unseen.data.together import ENOUGH, LINES, sound
from unseen.errors import DataMistake, UserMistake


def lines_of(path: Path, read: Callable[..., Any], **description: Any) -> list[str]:
    with pytest.raises(UserMistake) as raised:
        read(path, description)
    return [line.removeprefix(str(path)) for line in raised.value.lines]


def test_what_stands_before_the_first_mistake_is_given_before_the_file_is_read_on(
    tmp_path: Path, describe: Any
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n{"a": 2}\nbroken\n{"a": 3}\nbroken\n')
    rows = read_rows(describe(source={"files": {"train": str(path)}}), "train")
    assert [row.values for row in islice(rows, 2)] == [{"a": 1}, {"a": 2}]
    with pytest.raises(DataMistake, match="lines 3, 5: is not JSON"):
        next(rows)


def test_mistakes_of_reading_and_of_shaping_are_told_together(tmp_path: Path, values: Any) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"t": "a", "l": "no"}\n{"t": "a", "l": "maybe"}\nbroken\n{"l": "yes"}\n{"t": 3, "l": "yes"}\n')
    said = {"columns": {"text": "t"}, "labels": {"column": "l", "words": ["no", "yes"]}}
    told = lines_of(path, values, **said)
    assert [line.partition(":")[0] for line in told] == [", record 1", ", line 3", ", record 3"]


def test_a_bad_record_before_the_part_that_is_taken_is_told(tmp_path: Path, describe: Any) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('broken\n{"a": 1}\n{"a": 2}\nbroken\n')
    dataset = describe(source={"files": {"train": {"path": str(path), "take": [1, 3]}}})
    with pytest.raises(DataMistake, match="line 1: is not JSON"):
        list(read_rows(dataset, "train"))
    path.write_text('{"a": 1}\n{"a": 2}\n{"a": 3}\nbroken\n')
    assert [row.index for row in read_rows(dataset, "train")] == [1, 2]


def test_bytes_that_are_no_text_are_told_by_all_their_lines(tmp_path: Path, values: Any) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n1,2\n\xff,2\n1,2\n1,\xfe\n")
    (line,) = lines_of(path, values)
    assert line.startswith(", lines 3, 5: bytes that are not utf-8")


def test_a_list_tells_the_objects_that_cannot_stand_and_reads_on(tmp_path: Path, values: Any) -> None:
    path = tmp_path / "x.json"
    path.write_text('[{"a": 1},\n{"a": 1, "a": 2},\n{"a": {"b": NaN}},\n{"a": [{"b": 1, "c": 2, "b": 3}]}]')
    told = lines_of(path, values)
    assert [line.partition(";")[0] for line in told] == [
        ", line 2: holds the key 'a' twice",
        ", line 3: holds NaN, which is no JSON",
        ", line 4: holds the key 'b' twice",
    ]


@pytest.mark.parametrize("text", ['{"a": "NaN"}', '{"a": {"b": 1}, "b": {"a": 1}}', '{"a": "\\"b\\": 1, \\"b\\": 2"}'])
def test_what_only_looks_like_a_fault_is_read(tmp_path: Path, values: Any, text: str) -> None:
    for name in ("x.jsonl", "x.json"):
        path = tmp_path / name
        path.write_text(f"{text}\n{text}\n")
        assert values(path) == [json.loads(text)] * 2


@given(st.lists(st.integers(0, 15) | st.none(), min_size=1, max_size=60))
def test_every_mistake_is_listed_or_counted(kinds: list[int | None]) -> None:
    """None is a sound record, a number the kind of mistake."""
    found = [
        {"n": n} if kind is None else DataMistake(f"f, line {n}", f"is of kind {kind}") for n, kind in enumerate(kinds)
    ]
    bad = {n: kind for n, kind in enumerate(kinds) if kind is not None}
    if not bad:
        assert list(sound(found, "f")) == found
        return
    with pytest.raises(UserMistake) as raised:
        list(sound(found, "f"))
    told, counted = raised.value.lines, 0
    assert len(told) <= LINES + 1
    for line in told:
        place, _, what = line.removeprefix("f").partition(": ")
        if "more bad records" in line:
            counted += int(what.split()[0])
            continue
        listed, _, more = place.partition(" and ")
        numbers = [int(each) for each in listed.removeprefix(", line").removeprefix("s").split(", ")]
        assert all(what == f"is of kind {bad[number]}" for number in numbers)
        counted += len(numbers) + (int(more.split()[0]) if more else 0)
    assert counted == len(bad)


def test_a_file_without_one_sound_record_is_not_read_for_ever() -> None:
    def endless() -> Iterator[DataMistake]:
        number = 0
        while True:
            number += 1
            yield DataMistake(f"f, line {number}", f"is of kind {number}")

    with pytest.raises(UserMistake, match=f"{ENOUGH - LINES} more bad records, and the file was read no further"):
        list(sound(endless(), "f"))
