"""Whatever bytes a file holds, a reader gives records or one line of a mistake: never another exception."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unseen.data.dataset import Source
from unseen.data.description import load_description
from unseen.data.records import read_records
from unseen.data.together import sound
from unseen.errors import UserMistake

ROWS = [{"text": "þú\n", "n": 1, "deep": {"a": [1, None]}}, {"text": '"', "n": 2, "deep": {"a": []}}]


def _parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), out)
    return out.getvalue()


WHOLE = {
    "csv": b'a,b\n1,"x\ny"\n3,4\n',
    "tsv": b'a\tb\n1\t"x"\n3\t4"\n',
    "jsonl": "\n".join(map(json.dumps, ROWS)).encode(),
    "json": json.dumps({"data": ROWS}, indent=1).encode(),
    "xml": '<?xml version="1.0"?><r><row id="1"><a>þ</a><b/></row><row>x</row></r>'.encode(),
    "parquet": _parquet(),
}
CHANGES = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.binary(max_size=4)), max_size=4)


def changed(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """`data` with some bytes at some places replaced by others."""
    for place, length, other in changes:
        at = place % (len(data) + 1)
        data = data[:at] + other + data[at + length :]
    return data


@pytest.mark.parametrize("form", sorted(WHOLE))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120, deadline=None)
@given(changes=CHANGES, noise=st.none() | st.binary(max_size=60))
def test_readers(tmp_path: Path, form: str, changes: list[tuple[int, int, bytes]], noise: bytes | None) -> None:
    path = tmp_path / f"x.{form}"
    path.write_bytes(changed(WHOLE[form], changes) if noise is None else noise)
    try:
        records = list(sound((record for _, record in read_records(Source(str(path), form))), str(path)))
    except UserMistake as mistake:
        assert all(str(path) in line and "\n" not in line for line in mistake.lines)
        return
    assert all(isinstance(record, dict) for record in records)
    json.dumps(records, ensure_ascii=False).encode()  # what is read can be stored


DESCRIPTION = b"""
dataset: d
cluster: c
source: {root: data, folder: f, files: {train: {path: x.csv, take: [0, 1]}}}
columns: {a: "b[].c"}
extract: {e: {column: a, pattern: "(x)", group: 1, all: true}}
labels: {column: label, words: ["no", "yes"], unlabelled: -1}
templates: [{name: t, prompt: "{{ a }}"}]
"""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(changes=CHANGES)
def test_descriptions(tmp_path: Path, changes: list[tuple[int, int, bytes]]) -> None:
    path = tmp_path / "d.yaml"
    path.write_bytes(changed(DESCRIPTION, changes))
    try:
        assert load_description(path).name
    except UserMistake as mistake:
        assert all(str(path) in line and "\n" not in line for line in mistake.lines)
