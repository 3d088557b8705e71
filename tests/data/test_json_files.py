"""JSON in all the shapes that datasets come in; a broken or cut file names its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unseen.data import jsonfiles
from unseen.data.jsonfiles import read_json, read_jsonl
from unseen.data.together import sound
from unseen.errors import DataMistake

ROWS = [{"text": "one", "n": 1}, {"text": "tvö\n", "n": None}, {"text": "", "n": [1.5, {"deep": True}]}]


def saved(folder: Path, text: str | bytes, name: str = "x.json") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\n".join(map(json.dumps, ROWS)),
        "\n\n".join(json.dumps(row, indent=1) for row in ROWS),
        json.dumps({"version": 3, "data": ROWS}),
        json.dumps({"rows": ROWS}, indent=1),
        json.dumps({name: [row[name] for row in ROWS] for name in ("text", "n")}),
        b"\xef\xbb\xbf" + json.dumps(ROWS).encode(),
        json.dumps(ROWS).encode("utf-16"),
    ],
    ids=["list", "indented", "lines", "objects", "data", "rows", "columns", "utf-8 mark", "utf-16"],
)
def test_every_shape_gives_the_same_records(tmp_path: Path, text: str | bytes) -> None:
    assert list(read_json(saved(tmp_path, text), {})) == ROWS


def test_jsonl_skips_blank_lines_and_keeps_types(tmp_path: Path) -> None:
    path = saved(tmp_path, "\ufeff" + "\r\n\r\n".join(json.dumps(row) for row in ROWS) + "\r\n")
    assert list(read_jsonl(path, {})) == ROWS


def test_a_line_separator_inside_a_text_ends_no_line(tmp_path: Path) -> None:
    rows = [{"text": "a\u2028b\x85c"}]
    assert list(read_jsonl(saved(tmp_path, json.dumps(rows[0], ensure_ascii=False)), {})) == rows


def test_a_named_field_leads_to_the_list(tmp_path: Path) -> None:
    path = saved(tmp_path, json.dumps({"set": {"dev": ROWS}, "data": [{"not": "this"}]}))
    assert list(read_json(path, {"field": "set.dev"})) == ROWS
    with pytest.raises(DataMistake, match="did you mean 'dev'"):
        list(read_json(path, {"field": "set.devv"}))


def test_an_object_of_neither_shape_is_one_record(tmp_path: Path) -> None:
    whole = {"name": "task", "examples": ROWS, "keywords": ["a", "b"]}
    assert list(read_json(saved(tmp_path, json.dumps(whole)), {})) == [whole]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('{"a": 1}\n{"a": \n', 2, "is not JSON"),
        ('{"a": 1}\n[1, 2]\n', 2, "a list where an object"),
        ('{"a": 1}\n{"a": "\\ud800"}\n', 2, "surrogate"),
        ('{"a": 1}\n{"a": "\x01"}\n', 2, "is not JSON"),
        ('{"a": 1}\n{"a": ' + "[" * 200_000 + "}\n", 2, "is not JSON"),
        ('{"a": ' + "1" * 5000 + "}\n", 1, "is not JSON"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, text: str, line: int, what: str) -> None:
    path = saved(tmp_path, text)
    with pytest.raises(DataMistake, match=what) as mistake:
        list(sound(read_jsonl(path, {}), str(path)))
    assert mistake.value.where == f"{path}, line {line}"
    assert len(mistake.value.lines) == 1


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (json.dumps(ROWS, indent=0)[:-2], 18, "not closed"),
        ('[\n{"a": 1},\n{"a": "cut', 3, "is not JSON"),
        ('[\n{"a": 1}\n{"a": 2}\n]', 3, "expected"),
        ('[\n{"a": 1},\n7]', 3, "a number where an object"),
        ("[" * 200_000, 1, "nested"),
        ('[{"a": 1}]\n]', 2, "after the end"),
        ("not json", 1, "is not JSON"),
    ],
)
def test_a_broken_list_names_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    path = saved(tmp_path, text)
    with pytest.raises(DataMistake, match=what) as mistake:
        list(sound(read_json(path, {}), str(path)))
    assert mistake.value.where == f"{path}, line {line}"


def test_undecodable_bytes_name_the_line(tmp_path: Path) -> None:
    path = saved(tmp_path, b'[{"a": 1},\n{"a": "\xff"}]')
    with pytest.raises(DataMistake, match="line 2: bytes that are not utf-8"):
        list(read_json(path, {}))


def test_unequal_columns_are_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataMistake, match="unequal lengths"):
        list(read_json(saved(tmp_path, '{"a": [1, 2], "b": [1]}'), {}))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "ð"]), JSON, min_size=1), min_size=2, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(records=RECORDS, indent=st.sampled_from([None, 0, 3]), chunk=st.integers(1, 40), ascii_only=st.booleans())
def test_the_size_of_the_window_changes_nothing(
    tmp_path: Path, records: list[dict[str, Any]], indent: int | None, chunk: int, ascii_only: bool
) -> None:
    path = saved(tmp_path, json.dumps(records, indent=indent, ensure_ascii=ascii_only))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonfiles, "CHUNK", chunk)
        assert list(read_json(path, {})) == records
