"""What a safetensors file says about itself, read without torch, and the digest of what its tensors hold.

The format: eight bytes (little-endian length of the header), a JSON header that gives each tensor's dtype, shape and
byte range, then the bytes. https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from unseen.errors import ModelMistake

REMEDY = "download or save the weights again"
HEADER_LIMIT = 100_000_000  # bytes; the format's own limit


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor's bytes [start, stop) in its file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path
    start: int
    stop: int


def tensors_of(file: Path) -> list[StoredTensor]:
    """The tensors that `file` holds, in the order of their names.

    Raises `ModelMistake` naming the file when it is truncated or no safetensors file.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or not 2 <= length <= min(HEADER_LIMIT, size - 8):
            raise ModelMistake(str(file), "is no safetensors file, or a truncated one", REMEDY)
        header = stream.read(length)
    try:
        entries = json.loads(header)
        entries.pop("__metadata__", None)
        found = [_tensor(file, name, entry, 8 + length) for name, entry in sorted(entries.items())]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelMistake(str(file), f"has a damaged header ({error})", REMEDY) from None
    end = max((tensor.stop for tensor in found), default=8 + length)
    if end != size:
        raise ModelMistake(str(file), f"is truncated: {size:,} of {end:,} bytes", REMEDY)
    return found


def _tensor(file: Path, name: str, entry: dict[str, Any], offset: int) -> StoredTensor:
    start, stop = (offset + int(each) for each in entry["data_offsets"])
    return StoredTensor(name, str(entry["dtype"]), tuple(map(int, entry["shape"])), file, start, stop)


def tensors_digest(files: Iterable[Path]) -> str:
    """SHA-256 over all tensors of `files`, by name: the same whatever the shards and the headers' metadata."""
    stats = [(file, file.stat()) for file in files]
    return _tensors_digest(tuple((file, stat.st_size, stat.st_mtime_ns, stat.st_ino) for file, stat in stats))


@lru_cache(maxsize=64)  # a program asks several times for the same gigabytes; the key changes when a file is written
def _tensors_digest(stamped: tuple[tuple[Path, int, int, int], ...]) -> str:
    files = [file for file, *_ in stamped]
    tensors = sorted((tensor for file in files for tensor in tensors_of(file)), key=lambda tensor: tensor.name)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:  # hashing releases the interpreter's lock
        digests = list(pool.map(_tensor_digest, tensors))
    lines = [f"{t.name} {t.dtype} {list(t.shape)} {d}\n" for t, d in zip(tensors, digests, strict=True)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _tensor_digest(tensor: StoredTensor) -> str:
    if tensor.stop == tensor.start:
        return hashlib.sha256().hexdigest()
    with (
        tensor.file.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as view,
        view[tensor.start : tensor.stop] as part,
    ):
        return hashlib.sha256(part).hexdigest()
