"""The store gives back what was written, and is there whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.encode.encoded import Encoded
from unseen.encode.store import BUFFERED, EncodedStore
from unseen.errors import DataMistake


@st.composite
def encodings(draw: st.DrawFn) -> Encoded:
    ids = draw(st.lists(st.integers(0, 2**31 - 1), max_size=12))
    weights = draw(st.lists(st.floats(0, 1, width=32), min_size=len(ids), max_size=len(ids)))
    name = draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12))
    cuts = draw(st.dictionaries(st.sampled_from(["boundary_moved", "field_trimmed"]), st.integers(1, 9)))
    return Encoded(name, np.array(ids, np.int32), np.array(weights, np.float32), draw(st.integers(0, 12)), cuts)


def values(each: Encoded) -> tuple[object, ...]:
    return (each.id, each.ids.tolist(), each.weights.tolist(), each.prompt_length, each.cuts)


def numbered(count: int) -> Iterator[Encoded]:
    for n in range(count):
        yield Encoded(f"row {n}", np.arange(n % 7 + 1, dtype=np.int32), np.ones(n % 7 + 1, np.float32), n % 3)


@given(st.lists(encodings(), max_size=8))
@settings(deadline=None, max_examples=30)
def test_what_is_read_is_what_was_written(written: list[Encoded]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = EncodedStore.write(Path(folder) / "store", written)
        assert [values(each) for each in store] == [values(each) for each in written]
        assert store.lengths.tolist() == [len(each.ids) for each in written]
        assert EncodedStore(Path(folder) / "store").digest == store.digest


def test_many_examples_are_written_as_a_stream(tmp_path: Path) -> None:
    count = 2 * BUFFERED + 3
    store = EncodedStore.write(tmp_path / "store", numbered(count))
    assert len(store) == count
    assert [values(store[n]) for n in (0, BUFFERED - 1, BUFFERED, -1)] == [
        values(each) for n, each in enumerate(numbered(count)) if n in (0, BUFFERED - 1, BUFFERED, count - 1)
    ]
    assert [each.id for each in store[3:6]] == ["row 3", "row 4", "row 5"]
    with pytest.raises(IndexError):
        store[count]


def test_the_digest_is_that_of_the_contents(tmp_path: Path) -> None:
    one = EncodedStore.write(tmp_path / "one", numbered(5))
    same = EncodedStore.write(tmp_path / "same", numbered(5))
    other = EncodedStore.write(tmp_path / "other", numbered(6))
    assert one.digest == same.digest != other.digest


def test_a_failure_half_way_leaves_the_earlier_store(tmp_path: Path) -> None:
    earlier = EncodedStore.write(tmp_path / "store", numbered(3))

    def broken() -> Iterator[Encoded]:
        yield from numbered(2000)
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="broke"):
        EncodedStore.write(tmp_path / "store", broken())
    assert EncodedStore(tmp_path / "store").digest == earlier.digest
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_truncated_store_is_noticed(tmp_path: Path) -> None:
    EncodedStore.write(tmp_path / "store", numbered(3))
    file = tmp_path / "store" / "ids.i32"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataMistake, match="damaged"):
        EncodedStore(tmp_path / "store")
    with pytest.raises(DataMistake, match="no store"):
        EncodedStore(tmp_path / "nothing")
