"""Rows as a sequence on disk: JSON lines, their offsets, and what they were made of, under the cache.

A store is keyed by content: the bytes of the files, and what of the description shapes the rows. A file that changes
makes another store, and a store is moved into place only when it is whole. Reading uses `pread`, so that neither
threads nor forked workers share a position, and a million rows take no memory beyond the page cache.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import tempfile
import time
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from unseen.data import places
from unseen.data.dataset import Dataset, Row, Source
from unseen.data.records import source_files
from unseen.data.textlines import unreadable
from unseen.errors import DataMistake

VERSION = 1  # of the stored form: raise it when readers or shaping give other rows from the same files
BLOCK = 1 << 20
DAY = 86_400.0  # seconds


class Rows(Sequence[Row]):
    """The rows of one split. `digest` is the SHA-256 of their content, `source` where they were read."""

    def __init__(self, folder: Path, split: str) -> None:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        self.folder, self.split = folder, split
        self.digest: str = meta["digest"]
        self.source: str = meta["source"]
        self._offsets: NDArray[np.uint64] = np.load(folder / "offsets.npy", mmap_mode="r")
        self._descriptor = os.open(folder / "rows.jsonl", os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return self.take(range(*index.indices(len(self))))
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        start, end = int(self._offsets[place]), int(self._offsets[place + 1])
        return self._row(os.pread(self._descriptor, end - start, start))

    def __iter__(self) -> Iterator[Row]:
        with (self.folder / "rows.jsonl").open("rb", buffering=BLOCK) as file:
            for line in file:
                yield self._row(line)

    def take(self, indices: Iterable[int]) -> list[Row]:
        """The rows at `indices`, in that order."""
        return [self[int(index)] for index in indices]

    def rehashed(self) -> str:
        """The digest taken again from the stored rows."""
        return _digest_of(self.folder / "rows.jsonl")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Rows, (self.folder, self.split))

    def _row(self, line: bytes) -> Row:
        index, values = json.loads(line)
        return Row(self.split, index, values)


def open_store(dataset: Dataset, split: str, source: Source, read: Callable[[Dataset], Iterable[Row]]) -> Rows:
    """The store of a split; `read` gives its rows when there is none yet."""
    source = pinned(source)
    dataset = dataclasses.replace(dataset, splits={**dataset.splits, split: source})
    folder = places.cache() / "rows" / store_key(dataset, source)
    if not _is_whole(folder):
        try:
            _write(folder, source, read(dataset))
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataMistake(
                str(folder.parent), f"cannot be written ({reason})", "free it, or set UNSEEN_HOME"
            ) from None
    return Rows(folder, split)


def pinned(source: Source) -> Source:
    """`source` with a hub revision resolved to its commit."""
    if source.format != "hub":
        return source
    from unseen.data.hub import resolve

    return resolve(source)


def store_key(dataset: Dataset, source: Source) -> str:
    """SHA-256 of what the rows depend on."""
    labels = dataset.labels and dataclasses.asdict(dataset.labels)
    extract = {name: dataclasses.asdict(each) for name, each in dataset.extract.items()}
    options = {**source.options, "files": list(source.options.get("files", ()))}  # the columns' names, not the paths
    chosen = [source.take, source.deal]
    said = [VERSION, source.format, chosen, options, dict(dataset.columns), dataset.explode, extract, labels]
    digest = hashlib.sha256(json.dumps(said, default=dict).encode())
    if source.format == "hub":
        from unseen.data.hub import content_of

        digest.update(content_of(source).encode())
    else:
        for path in source_files(source):
            digest.update(f"\n{path.stem} {_digest_of(path)}".encode())
    return digest.hexdigest()


def _digest_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from None


def _is_whole(folder: Path) -> bool:
    """Whether the store is there, and as long as it was when it was written."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        return all((folder / name).stat().st_size == size for name, size in meta["sizes"].items())
    except (OSError, ValueError, KeyError):
        return False


def _write(folder: Path, source: Source, rows: Iterable[Row]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _clear_abandoned(folder.parent)
    part = Path(tempfile.mkdtemp(prefix="part-", dir=folder.parent))
    try:
        digest, offsets = hashlib.sha256(), array("Q", [0])
        with (part / "rows.jsonl").open("wb", buffering=BLOCK) as file:
            for row in rows:
                line = json.dumps([row.index, row.values], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                digest.update(line)
                offsets.append(offsets[-1] + file.write(line))
        np.save(part / "offsets.npy", np.frombuffer(offsets, dtype=np.uint64))
        sizes = {name: (part / name).stat().st_size for name in ("rows.jsonl", "offsets.npy")}
        meta = {"digest": digest.hexdigest(), "source": source.path, "rows": len(offsets) - 1, "sizes": sizes}
        (part / "meta.json").write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")
        _move_into_place(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _clear_abandoned(stores: Path) -> None:
    """Remove what killed processes left half written; what is younger than a day may still be in the making."""
    for part in stores.glob("part-*"):
        with suppress(FileNotFoundError):  # another process has just finished it
            if time.time() - part.stat().st_mtime > DAY:
                shutil.rmtree(part, ignore_errors=True)


def _move_into_place(part: Path, folder: Path) -> None:
    """Rename; where another process was first, its store holds the same rows and stays."""
    if folder.exists() and not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        part.rename(folder)
    except OSError:
        if not _is_whole(folder):
            raise
