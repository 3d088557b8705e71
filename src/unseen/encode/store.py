"""Encoded examples on disk: written as a stream, read through the page cache, so that memory does not grow.

A store is a folder: `ids.i32` and `weights.f32` hold all tokens one after the other, `rows.i64` holds for every example
where its tokens end, where its text ends and its prompt's length, `text.utf8` its id and cuts; `store.json` the digest.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from unseen.encode.encoded import Encoded
from unseen.errors import DataMistake

FILES = {"ids.i32": np.int32, "weights.f32": np.float32, "rows.i64": np.int64, "text.utf8": np.uint8}
BUFFERED = 1024  # examples held before they are written


class EncodedStore(Sequence[Encoded]):
    """Encoded examples in `folder`, by index. `digest` is that of their contents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            about = json.loads((folder / "store.json").read_text(encoding="utf-8"))
            sizes = {name: (folder / name).stat().st_size for name in FILES}
        except (OSError, ValueError) as error:
            raise DataMistake(str(folder), f"is no store of encoded examples ({error})", "delete it") from None
        if sizes != about["sizes"]:
            raise DataMistake(str(folder), "is a damaged store of encoded examples", "delete it")
        self.digest: str = about["digest"]
        self._ids, self._weights, rows, self._text = (_map(folder / name, kind) for name, kind in FILES.items())
        self._rows: NDArray[np.int64] = rows.reshape(-1, 3)

    @classmethod
    def write(cls, folder: Path, encoded: Iterable[Encoded]) -> EncodedStore:
        """Write a stream of examples; `folder` appears when it is complete, and replaces nothing half-way."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write(unfinished, encoded)
            if folder.exists():
                shutil.rmtree(folder)
            unfinished.replace(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return cls(folder)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each example."""
        return np.diff(self._rows[:, 0], prepend=0)

    @overload
    def __getitem__(self, index: int) -> Encoded: ...
    @overload
    def __getitem__(self, index: slice) -> list[Encoded]: ...
    def __getitem__(self, index: int | slice) -> Encoded | list[Encoded]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        start, text_start = self._rows[index - 1, :2] if index else (0, 0)
        stop, text_stop, prompt_length = self._rows[index]
        name, _, cuts = bytes(self._text[text_start:text_stop]).decode().partition("\n")
        tokens = slice(int(start), int(stop))
        return Encoded(
            id=name,
            ids=np.array(self._ids[tokens]),
            weights=np.array(self._weights[tokens]),
            prompt_length=int(prompt_length),
            cuts=json.loads(cuts) if cuts else {},
        )

    def __iter__(self) -> Iterator[Encoded]:
        return (self[index] for index in range(len(self)))


def _write(folder: Path, encoded: Iterable[Encoded]) -> None:
    digests = {name: hashlib.sha256() for name in FILES}
    sizes = dict.fromkeys(FILES, 0)
    files = {name: (folder / name).open("wb") for name in FILES}
    try:
        for blocks in _blocks(encoded):
            for name, block in blocks.items():
                files[name].write(block)
                digests[name].update(block)
                sizes[name] += len(block)
    finally:
        for file in files.values():
            file.close()
    digest = hashlib.sha256("".join(each.hexdigest() for each in digests.values()).encode()).hexdigest()
    (folder / "store.json").write_text(json.dumps({"digest": digest, "sizes": sizes}), encoding="utf-8")


def _blocks(encoded: Iterable[Encoded]) -> Iterator[dict[str, bytes]]:
    """The bytes of each file, so many examples at a time."""
    end = text_end = 0
    rows: list[tuple[int, int, int]] = []
    ids: list[bytes] = []
    weights: list[bytes] = []
    texts: list[bytes] = []
    for each in encoded:
        texts.append((each.id + ("\n" + json.dumps(each.cuts) if each.cuts else "")).encode())
        ids.append(np.ascontiguousarray(each.ids, dtype=np.int32).tobytes())
        weights.append(np.ascontiguousarray(each.weights, dtype=np.float32).tobytes())
        end, text_end = end + len(each.ids), text_end + len(texts[-1])
        rows.append((end, text_end, each.prompt_length))
        if len(rows) == BUFFERED:
            yield _joined(ids, weights, rows, texts)
            ids, weights, rows, texts = [], [], [], []
    if rows:
        yield _joined(ids, weights, rows, texts)


def _joined(ids: list[bytes], weights: list[bytes], rows: list[Any], texts: list[bytes]) -> dict[str, bytes]:
    blocks = (b"".join(ids), b"".join(weights), np.array(rows, dtype=np.int64).tobytes(), b"".join(texts))
    return dict(zip(FILES, blocks, strict=True))


def _map(path: Path, kind: Any) -> NDArray[Any]:
    """The file's numbers, in memory only where they are touched; an empty file cannot be mapped."""
    if not path.stat().st_size:
        return np.empty(0, dtype=kind)
    return np.asarray(np.memmap(path, dtype=kind, mode="r"))  # slices of a plain array are made three times faster
