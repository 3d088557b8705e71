"""Rows of a dataset: read one after the other, or opened as a sequence."""

from __future__ import annotations

from collections.abc import Iterator

from unseen.data.dataset import Dataset, Row, Source
from unseen.data.labels import is_marker
from unseen.data.records import read_records
from unseen.data.rowstore import Rows, open_store
from unseen.data.shape import rows_of
from unseen.data.together import sound
from unseen.errors import DataMistake, nearest

__all__ = ["Rows", "is_unlabelled", "open_rows", "read_rows"]


def read_rows(dataset: Dataset, split: str) -> Iterator[Row]:
    """The rows of a split, streamed. Raises `DataMistake` for an unknown split, a bad file and no rows, and all bad
    records together, after the rows before the first of them."""
    source = source_of(dataset, split)
    count = 0
    for row in sound(rows_of(dataset, split, read_records(source)), source.path):
        count += 1
        yield row
    if not count:
        start, stop = source.take
        if source.take == (0, None):
            raise DataMistake(source.path, "holds no records", "check the file")
        taken = f"from {start} to {'the end' if stop is None else stop}"
        raise DataMistake(source.path, f"holds no records {taken}", "check 'take' in the description")


def open_rows(dataset: Dataset, split: str) -> Rows:
    """The rows of a split as a sequence that lies on disk, made once for each content. Memory stays flat."""
    return open_store(dataset, split, source_of(dataset, split), lambda pinned: read_rows(pinned, split))


def is_unlabelled(dataset: Dataset, row: Row) -> bool:
    """Whether the row has no label: rows read here hold None then, rows from elsewhere may hold the marker itself."""
    if dataset.labels is None:
        return False
    label = row.values.get(dataset.labels.column)
    is_index = isinstance(label, int) and 0 <= label < len(dataset.labels.words)
    return label is None or (not is_index and is_marker(label, dataset.labels))


def source_of(dataset: Dataset, split: str) -> Source:
    """Where a split lies. Raises `DataMistake` with the nearest split."""
    if split not in dataset.splits:
        where = str(dataset.file or dataset.name)
        raise DataMistake(where, f"no split '{split}'", nearest(split, dataset.splits, "splits"))
    return dataset.splits[split]
