"""Official lists of datasets, as data: what T0, FLAN and others were tuned on or asked, by their published names.

A list is a YAML file in `catalog/lists` of the package or `lists` of the user's catalog. It matches a dataset by the
dataset's name or one of its origins. A collection may also say of its own datasets which lists they are in
(`Dataset.lists`); such a list needs no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from unseen.data.dataset import Dataset
from unseen.data.places import shipped_catalog, user_catalog
from unseen.errors import TaskMistake, nearest
from unseen.section import Section, check_model
from unseen.task.claims import own_names, plain_name
from unseen.yamlfile import read_yaml_mapping

FOLDER = "lists"


class ListFile(Section):
    """What a list's file may say. An entry is a published name, or several names of the same dataset, best first."""

    list: str = Field(min_length=1)
    about: str = ""
    source: str = Field(min_length=1)
    includes: tuple[str, ...] = ()
    groups: dict[str, tuple[tuple[str, ...], ...]] = Field(min_length=1)

    @field_validator("groups", mode="before")
    @classmethod
    def _entries(cls, groups: Any) -> Any:
        if not isinstance(groups, Mapping) or not all(isinstance(entries, list) for entries in groups.values()):
            return groups
        return {group: [[e] if isinstance(e, str) else e for e in entries] for group, entries in groups.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """A dataset of a list: its group, the name that it is told by, and all its names as `plain_name` writes them."""

    group: str
    name: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Listed:
    """What of a list is here: `found` are `cluster/dataset` by entry, `missing` the entries that match nothing."""

    name: str
    found: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]

    @property
    def datasets(self) -> tuple[str, ...]:
        """`cluster/dataset` of what is here, each once, in the order of the list."""
        return tuple(dict.fromkeys(name for names in self.found.values() for name in names))

    def as_json(self) -> dict[str, Any]:
        return {
            "entries": len(self.found) + len(self.missing),
            "found": len(self.found),
            "missing": list(self.missing),
        }


def listed(name: str, datasets: Iterable[Dataset], where: str = "tasks") -> Listed:
    """What of the list `name` (or of `list/group`) is among `datasets`.

    Raises `TaskMistake` for a list that nobody knows, with the nearest, and for one of which nothing is here.
    """
    found = found_of(name, datasets, where)
    if not found.found:
        what = (
            f"of the list '{name}' none of {len(found.missing)} datasets is here ({', '.join(found.missing[:3])}, ...)"
        )
        raise TaskMistake(where, what, "add a catalog that has some, such as data or p3, and set UNSEEN_DATA")
    return found


def found_of(name: str, datasets: Iterable[Dataset], where: str = "lists") -> Listed:
    """What of the list `name` is among `datasets`, which may be nothing. Raises `TaskMistake` for unknown lists."""
    datasets = tuple(datasets)
    own = {each.task: (each.task,) for each in datasets if name in each.lists}
    entries = _entries(name, where) if not own or _file_of(name) else ()
    names = [(each.task, own_names(each)) for each in datasets]
    found = {e.name: here for e in entries if (here := tuple(task for task, known in names if known & e.names))}
    missing = tuple(entry.name for entry in entries if entry.name not in found)
    taken = {task for here in found.values() for task in here}
    found |= {task: here for task, here in own.items() if task not in taken}
    return Listed(name, found, missing)


def list_names(datasets: Iterable[Dataset] = ()) -> tuple[str, ...]:
    """The lists that there are: those with a file, and those that the datasets say they are in."""
    own = (name for dataset in datasets for name in dataset.lists)
    return tuple(sorted({*_files(), *own}))


def list_source(name: str) -> str:
    """Where a list was taken from; nothing is said of one without a file."""
    file = _files().get(name)
    return _read(file).source if file else ""


def groups_of(name: str) -> tuple[str, ...]:
    """The groups of a list, those of the lists that it includes too."""
    return tuple(dict.fromkeys(entry.group for entry in _entries(name, "lists"))) if name in _files() else ()


def entry_groups(name: str, where: str) -> Mapping[str, tuple[str, ...]]:
    """The groups that each name of a list's entries stands in; names as `plain_name` writes them."""
    groups: dict[str, tuple[str, ...]] = {}
    for entry in _entries(name, where):
        for each in entry.names:
            groups[each] = tuple(dict.fromkeys((*groups.get(each, ()), entry.group)))
    return groups


def _entries(name: str, where: str) -> tuple[Entry, ...]:
    """The entries of a list or of one of its groups; an entry that two included lists have is there once."""
    file = _file_of(name)
    if file is None:
        raise TaskMistake(where, f"there is no list '{name}'", nearest(name, _files(), "lists"))
    base, _, group = (file.stem, "", "") if name in _files() else name.rpartition("/")
    entries = tuple({entry.name: entry for entry in _of_file(file, ())}.values())
    if not group:
        return entries
    chosen = tuple(entry for entry in entries if entry.group == group)
    if not chosen:
        known = (entry.group for entry in entries)
        raise TaskMistake(where, f"the list '{base}' has no group '{group}'", nearest(group, known, "groups"))
    return chosen


def _of_file(file: Path, within: tuple[Path, ...]) -> Iterator[Entry]:
    said = _read(file)
    for name in said.includes:
        other = _files().get(name)
        if other is None or other in (*within, file):
            raise TaskMistake(str(file), f"includes the list '{name}', which is not there or includes it", "check it")
        yield from _of_file(other, (*within, file))
    for group, entries in said.groups.items():
        for names in entries:
            yield Entry(group, names[0], frozenset(map(plain_name, names)))


def _read(file: Path) -> ListFile:
    return check_model(ListFile, read_yaml_mapping(file, TaskMistake), str(file), TaskMistake)


def _file_of(name: str) -> Path | None:
    """The file of a list, or of the list that a group belongs to."""
    files = _files()
    return files.get(name) or files.get(name.rpartition("/")[0])


def _files() -> dict[str, Path]:
    """The user's lists come after the package's, so that a file of theirs with the same name is taken."""
    folders = (shipped_catalog() / FOLDER, user_catalog() / FOLDER)
    return {file.relative_to(f).with_suffix("").as_posix(): file for f in folders for file in sorted(f.rglob("*.yaml"))}
