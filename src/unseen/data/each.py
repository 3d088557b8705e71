"""One description for several datasets that are alike but for a few values: `each: {name: {cluster: …, path: …}}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from unseen.data.dataset import Dataset
from unseen.data.description import described
from unseen.errors import DataMistake, UserMistake, nearest, raise_all

EACH = "each"
OWN = ("cluster", "origin", "shares_rows_with", "lists", "language", "licence", "about", "metrics", "labels", "path")


def several(values: Mapping[str, Any]) -> bool:
    """Whether a description stands for several datasets."""
    return EACH in values


def load_each(values: Mapping[str, Any], file: Path) -> tuple[Dataset, ...]:
    """The datasets under `each` of a description's values; `path` is the file of every split.

    Raises `DataMistake`, or `Mistakes` with those of all datasets, each naming its dataset.
    """
    entries = values[EACH]
    if not isinstance(entries, Mapping) or not entries:
        raise DataMistake(f"{file}: {EACH}", "is no mapping of datasets", "write 'name: {cluster: ..., path: ...}'")
    mistakes: list[UserMistake] = []
    found: list[Dataset] = []
    for name, own in entries.items():
        try:
            found.append(described(_own(values, name, own, file), file, f"{file}: {EACH}.{name}"))
        except UserMistake as mistake:
            mistakes += getattr(mistake, "mistakes", (mistake,))
    raise_all(mistakes)
    return tuple(found)


def _own(values: Mapping[str, Any], name: Any, own: Any, file: Path) -> dict[str, Any]:
    """The description of one dataset: what all share, and what it says itself."""
    where = f"{file}: {EACH}.{name}"
    if not isinstance(own, Mapping):
        raise DataMistake(where, "is no mapping", "write 'cluster: ...' and 'path: ...' under it")
    raise_all([DataMistake(where, f"unknown key '{key}'", nearest(str(key), OWN)) for key in own if key not in OWN])
    shared = {key: value for key, value in values.items() if key != EACH}
    said = {key: value for key, value in own.items() if key != "path"}
    source = shared.get("source")
    if "path" in own and isinstance(source, Mapping):
        shared["source"] = {**source, "files": dict(_files(source.get("files"), own["path"]))}
    return {**shared, **said, "dataset": name}


def _files(files: Any, path: Any) -> Iterator[tuple[str, Any]]:
    for split, said in (files if isinstance(files, Mapping) else {"train": {}}).items():
        yield split, {**said, "path": path} if isinstance(said, Mapping) else {"path": path}
