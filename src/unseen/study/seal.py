"""Digests of what a run left, written into its record at its end, and a digest of the record itself.

They say that files were changed since, not who made them: whoever changes a file can write its digest anew. What they
cannot do is make the numbers come out again (see unseen verify).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unseen.progress import say
from unseen.study.record import NAME, read_if_there

FILES, SEAL = "files", "seal"
SINGLE, FOLDERS = ("predictions.parquet", "scores.json", "steps.jsonl"), ("model", "replay")
CARD = "README.md"


def sealed(folder: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a finished run with the SHA-256 of its files (`files`) and of the record (`seal`)."""
    whole = {**record, FILES: file_digests(folder)}
    return {**whole, SEAL: seal_of(whole)}


def file_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of what a run leaves in its folder, by path in it; checkpoints, which may go, and what is
    made of the record afterwards (pages, the model card) are left out."""
    paths = [folder / name for name in SINGLE]
    paths += [path for name in FOLDERS for path in sorted((folder / name).rglob("*"))]
    return {
        path.relative_to(folder).as_posix(): digest_of(path) for path in paths if path.is_file() and path.name != CARD
    }


def is_untouched(folder: Path) -> bool:
    """Whether what a finished run left is as its record says; tells where it is not."""
    untouched = file_digests(folder) == read_if_there(folder / NAME).get(FILES)
    if not untouched:
        say(f"{folder} was changed since it finished, so it is not taken over")
    return untouched


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal_of(record: Mapping[str, Any]) -> str:
    """SHA-256 of all that a record says, but for its seal."""
    content = {name: value for name, value in record.items() if name != SEAL}
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()
