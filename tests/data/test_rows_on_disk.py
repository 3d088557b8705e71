"""Rows as a sequence on disk: the same as streamed, keyed by content, whole or not there."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unseen.data.dataset import Dataset
from unseen.data.rows import open_rows, read_rows
from unseen.errors import DataMistake

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def dataset(write: Callable[..., Path], describe: Callable[..., Dataset]) -> Dataset:
    records = [{"text": f"þú {n}\u2028\n", "n": n, "deep": {"l": [n, None, 0.1]}} for n in range(50)]
    write("x.jsonl", "\n".join(json.dumps(record, ensure_ascii=False) for record in records))
    return describe(source={"files": {"train": {"path": "x.jsonl", "take": [3, None]}}}, columns={"note": "text"})


def test_on_disk_equals_streamed(dataset: Dataset) -> None:
    streamed, rows = list(read_rows(dataset, "train")), open_rows(dataset, "train")
    assert list(rows) == streamed
    assert [rows[i] for i in range(len(rows))] == streamed
    assert (rows[-1], rows[2:9:3], rows.take([5, 1, 5])) == (
        streamed[-1],
        streamed[2:9:3],
        [streamed[5], streamed[1], streamed[5]],
    )
    assert rows[0].id == "train/3"
    for index in (47, -48):
        with pytest.raises(IndexError):
            rows[index]


def test_a_second_opening_reads_the_same_store(dataset: Dataset) -> None:
    first, second = open_rows(dataset, "train"), open_rows(dataset, "train")
    assert first.folder == second.folder
    assert first.digest == second.digest


def test_a_changed_file_is_never_answered_from_the_old_store(dataset: Dataset, tmp_path: Path) -> None:
    before = open_rows(dataset, "train")
    path = tmp_path / "x.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("þú 7", "þú 8"), encoding="utf-8")
    after = open_rows(dataset, "train")
    assert after[4].values["note"].startswith("þú 8")
    assert before.digest != after.digest
    assert before[4].values["note"].startswith("þú 7")  # an open store stays what it was


def test_a_changed_description_gives_other_rows(dataset: Dataset, describe: Callable[..., Dataset]) -> None:
    other = describe(source={"files": {"train": "x.jsonl"}}, columns={"note": "n"})
    assert open_rows(other, "train")[0].values["note"] == 0
    assert open_rows(dataset, "train")[0].values["note"] == "þú 3\u2028\n"


def test_the_name_of_a_dataset_does_not_matter(dataset: Dataset, describe: Callable[..., Dataset]) -> None:
    source = {"files": {"test": {"path": "x.jsonl", "take": [3, None]}}}
    other = describe(dataset="another", source=source, columns={"note": "text"})
    assert open_rows(other, "test").digest == open_rows(dataset, "train").digest
    assert open_rows(other, "test")[0].split == "test"


def test_a_damaged_store_is_made_again(dataset: Dataset) -> None:
    rows = open_rows(dataset, "train")
    (rows.folder / "rows.jsonl").write_bytes(b"cut")
    assert list(open_rows(dataset, "train")) == list(read_rows(dataset, "train"))


def test_a_mistake_leaves_no_store_behind(
    write: Callable[..., Path], describe: Callable[..., Dataset], home: Path
) -> None:
    path = write("bad.jsonl", '{"a": 1}\n{"a": \n')
    dataset = describe(source={"files": {"train": str(path)}})
    for _ in range(2):
        with pytest.raises(DataMistake, match="line 2"):
            open_rows(dataset, "train")
    assert not list((home / "cache" / "rows").iterdir())


def test_a_place_that_cannot_be_written_is_one_line(dataset: Dataset, home: Path) -> None:
    home.write_text("a file where the folder should be")
    with pytest.raises(DataMistake, match="cannot be written"):
        open_rows(dataset, "train")


def test_what_a_killed_process_left_is_removed_after_a_day(dataset: Dataset, home: Path) -> None:
    stores = home / "cache" / "rows"
    for name in ("part-old", "part-new"):
        (stores / name).mkdir(parents=True)
    os.utime(stores / "part-old", (0, 0))
    open_rows(dataset, "train")
    assert [path.name for path in stores.glob("part-*")] == ["part-new"]


def test_what_another_process_finishes_meanwhile_is_no_mistake(dataset: Dataset, home: Path) -> None:
    """Listed a moment ago, and moved into its place since: two arms of a study began with an empty cache."""
    stores = home / "cache" / "rows"
    stores.mkdir(parents=True)
    (stores / "part-gone").symlink_to("nowhere")
    assert len(open_rows(dataset, "train")) > 0


def _texts(rows: Any) -> list[str]:
    return [rows[i].values["note"] for i in (40, 0, 13)]


def test_other_processes_read_the_same_rows(dataset: Dataset) -> None:
    rows = open_rows(dataset, "train")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_texts, (rows,)) == _texts(rows)
    assert _texts(pickle.loads(pickle.dumps(rows))) == _texts(rows)


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.csv", "x.tsv"])
def test_memory_does_not_grow_with_the_rows(
    tmp_path: Path, describe: Callable[..., Dataset], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def peak(count: int) -> int:
        texts = [f"row {n} " + "word " * 60 for n in range(count)]
        if "json" in name:
            joined = ("[%s]" if name.endswith(".json") else "%s") % (
                (",\n" if name.endswith(".json") else "\n").join(json.dumps({"t": text}) for text in texts)
            )
        else:
            joined = "t\n" + "\n".join(texts)
        path = tmp_path / f"{count}{name}"
        path.write_text(joined, encoding="utf-8")
        del texts, joined
        dataset = describe(source={"files": {"train": str(path)}})
        tracemalloc.start()
        assert sum(1 for _ in open_rows(dataset, "train")) == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)  # what is imported and compiled once
    assert peak(8000) - peak(800) < 300_000  # the larger file has 2.4 MB
