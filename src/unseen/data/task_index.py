"""What the task files of a folder say, each read once: an index in the cache, by path, size and times of every file.

A file that changes, or comes from elsewhere under the same name, has other times and is read again. The index holds
faults too, so a folder with bad files is told as fast as a sound one. Instances are not in it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unseen.data import places
from unseen.data.task_file import TaskFile, read_task_file
from unseen.data.textlines import unreadable
from unseen.errors import DataMistake, UserMistake
from unseen.progress import late_bar
from unseen.wholefile import replacing

VERSION = 1  # of the stored form: raise it when reading gives something else from the same file
MANY = 100  # files to read before a bar is worth it


@dataclass(frozen=True, slots=True)
class Indexed:
    """A task file: what it says, or what is wrong with it."""

    path: Path
    task: TaskFile | None
    mistakes: tuple[UserMistake, ...] = ()


def indexed_tasks(folder: Path) -> tuple[Indexed, ...]:
    """Every `*.json` file of `folder`, in the order of their names. Raises `DataMistake` where there is none."""
    stamps = dict(sorted(_stamps(folder)))
    if not stamps:
        raise DataMistake(str(folder), "holds no *.json file", "name the folder that holds the task files")
    place = places.cache() / "tasks" / f"{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:32]}.json"
    known = _read(place)
    fresh = {name for name, stamp in stamps.items() if known.get(name, {}).get("stamp") != stamp}
    if fresh:
        with late_bar(f"reading {folder.name}") as advance:
            for done, name in enumerate(sorted(fresh), 1):
                known[name] = {"stamp": stamps[name], **_entry(folder / name)}
                if len(fresh) > MANY:
                    advance(done, len(fresh))
    if fresh or known.keys() - stamps.keys():
        known = {name: known[name] for name in stamps}
        _write(place, known)
    return tuple(_indexed(folder / name, known[name]) for name in stamps)


def _stamps(folder: Path) -> Iterator[tuple[str, list[int]]]:
    try:
        with os.scandir(folder) as found:
            for each in found:
                if each.name.endswith(".json") and each.is_file():
                    stat = each.stat()
                    yield each.name, [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    except OSError as error:
        raise unreadable(folder, error) from None


def _entry(path: Path) -> dict[str, Any]:
    try:
        return {"task": asdict(read_task_file(path))}
    except UserMistake as mistake:
        told = getattr(mistake, "mistakes", (mistake,))
        return {"mistakes": [[each.where, each.what, each.remedy] for each in told]}


def _indexed(path: Path, entry: Mapping[str, Any]) -> Indexed:
    if "task" not in entry:
        return Indexed(path, None, tuple(DataMistake(*told) for told in entry["mistakes"]))
    said = {field: tuple(texts) for field, texts in entry["task"]["said"].items()}
    return Indexed(path, TaskFile(**{**entry["task"], "said": said}))


def _read(place: Path) -> dict[str, Any]:
    try:
        stored = json.loads(place.read_text(encoding="utf-8"))
        files: dict[str, Any] = stored["files"] if stored["version"] == VERSION else {}
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or not written by us: it is made again
        return {}
    return files


def _write(place: Path, files: Mapping[str, Any]) -> None:
    """Keep the index; where nothing can be written it is made anew each time, as shipped tasks always load."""
    text = json.dumps({"version": VERSION, "files": files}, ensure_ascii=False, separators=(",", ":"))
    with suppress(OSError), replacing(place) as part:
        part.write_text(text, encoding="utf-8")
