"""The files that a recipe names: wordings, diverse data, a dictionary, a judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path, PurePath
from typing import Any

from unseen.named_path import is_there

FILES = ("diversity.wordings", "diversity.source", "evaluate.hints.dictionary", "evaluate.bleurt")  # keys that name one


def named_files(values: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Each of `FILES` that recipe values name a file by, the mapping that it stands in, and its last part."""
    for key in FILES:
        *parents, last = key.split(".")
        place = values
        for parent in parents:
            place = place.get(parent) if isinstance(place, dict) else None
        if isinstance(place, dict) and isinstance(place.get(last), str):
            yield key, place, last


def beside(path: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe values that stand in the file `path`, with the paths of the files that lie beside it."""
    found = deepcopy(dict(values))
    for _, place, last in named_files(found):
        if is_there(path.parent / place[last]):
            place[last] = str(path.parent / place[last])
    return found


def named_alike(values: Mapping[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe values with their files named as `like` names them, where these are the same but for a folder before
    them, which versions up to 0.1 wrote down too."""
    found, names = deepcopy(dict(values)), {key: PurePath(place[last]) for key, place, last in named_files(like)}
    for key, place, last in named_files(found):
        if key in names and PurePath(place[last]).parts[-len(names[key].parts) :] == names[key].parts:
            place[last] = str(names[key])
    return found
