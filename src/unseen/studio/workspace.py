"""What the studio works on: catalogs, rows and run folders, read again when their files have changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

from unseen.data.dataset import Dataset, Row
from unseen.data.places import data_root, shipped_catalog, user_catalog
from unseen.data.records import source_files
from unseen.data.rows import open_rows, read_rows, source_of
from unseen.data.rowstore import Rows
from unseen.errors import TaskMistake, UserMistake
from unseen.named_path import named_path
from unseen.studio.background import Errands
from unseen.task.catalog import NAMES, Catalog, Told, folder_of, load_catalog, told_by

Stamp = Hashable
FIRST_ROWS = 10_000  # rows that are read without opening the whole file


@dataclass(slots=True)
class _Kept:
    stamp: Stamp
    value: Any


@dataclass(slots=True)
class Workspace:
    """`catalogs` are names or folders as `--catalog` takes them, `runs` the folder that holds run folders.

    Values that take long to make are kept with a stamp of the files that they were made of (`kept`), so that an
    edited file is seen at the next request and an unchanged one costs a few `stat` calls. `background` is the work
    that goes on beside the pages.
    """

    catalogs: Sequence[str] = ("shipped", "data", "user")
    runs: Path = Path("runs")
    background: Errands = field(default_factory=Errands)
    _values: dict[Hashable, _Kept] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def kept(self, key: Hashable, stamp: Stamp, make: Callable[[], Any]) -> Any:
        """The value of `key`, made again when `stamp` differs from what it was made with."""
        with self._lock:
            held = self._values.get(key)
        if held is None or held.stamp != stamp:
            held = _Kept(stamp, make())
            with self._lock:
                self._values[key] = held
        return held.value

    def catalog(self) -> Catalog:
        """The tasks of every catalog whose files are sound; `faults` tells the others."""
        return self._loaded()[0]

    def catalog_of(self, names: Sequence[str]) -> Catalog:
        """The tasks of the catalogs that a recipe names. Raises what `load_catalog` raises."""
        key = ("catalog of", tuple(names))
        loaded: Catalog = self.kept(
            key, self._stamp(names), lambda: load_catalog(names, others=lambda: (self.catalog(),))
        )
        return loaded

    def faults(self) -> Mapping[str, tuple[str, ...]]:
        """Name of a catalog that was left out -> its mistakes, a line each."""
        return self._loaded()[1]

    def rows(self, dataset: Dataset, split: str) -> Rows:
        """The rows of a split as a sequence on disk; reading a file for the first time takes as long as it is."""
        source = source_of(dataset, split)
        files = () if source.format == "hub" else tuple(map(Path, source_files(source)))
        stamp = (stamps(files), repr(replace(dataset, templates=())))
        opened: Rows = self.kept(("rows", dataset.task, split), stamp, lambda: open_rows(dataset, split))
        return opened

    def first_rows(self, dataset: Dataset, split: str, count: int) -> Sequence[Row]:
        """The first `count` rows, without opening a file that was not opened yet."""
        if ("rows", dataset.task, split) in self._values:
            return self.rows(dataset, split)[:count]
        return list(islice(read_rows(dataset, split), count))

    def rows_as_far_as(self, dataset: Dataset, split: str, number: int, more: int) -> Sequence[Row] | None:
        """The rows of a split: all, where its file was opened before; else those up to the one of that number and
        `more` behind it, without opening the file. None where that is further down than `FIRST_ROWS`."""
        if ("rows", dataset.task, split) in self._values:
            return self.rows(dataset, split)
        found: list[Row] = []
        for row in islice(read_rows(dataset, split), FIRST_ROWS):
            found.append(row)
            more -= row.index >= number
            if more < 0:
                return found
        return found if len(found) < FIRST_ROWS else None

    def kept_of(self, key: Hashable, file: Path, make: Callable[[], Any]) -> Any:
        """The value of `key`, made again when `file` has changed."""
        return self.kept((key, file), stamp_of(file), make)

    @property
    def own_catalog(self) -> Path:
        """Where the studio writes descriptions: the first of `catalogs` that is a folder of the user's."""
        own = (named_path(name, TaskMistake) for name in self.catalogs if name not in NAMES)
        return next(own, user_catalog())

    def extended_by(self, file: Path) -> str:
        """The dataset that a file of a catalog extends; nothing for one that extends none, or cannot be read."""
        try:
            extension = self._told(file, "user").extension
        except UserMistake:
            return ""
        return extension.task if extension else ""

    def _told(self, file: Path, catalog: str) -> Told:
        """What a file of a catalog says, read again when it has changed."""
        told: Told = self.kept(("told", file, catalog), (stamp_of(file), data_root()), lambda: told_by(file, catalog))
        return told

    def stamp_of_catalogs(self, names: Sequence[str]) -> Stamp:
        """What tells whether a description in these catalogs was changed; nothing where one of them is none."""
        try:
            return self._stamp(names)
        except UserMistake:
            return ()

    def _stamp(self, names: Sequence[str]) -> Stamp:
        return tuple(stamps(sorted(folder_of(name).glob("*.yaml"))) for name in names)

    def _loaded(self) -> tuple[Catalog, dict[str, tuple[str, ...]]]:
        loaded: tuple[Catalog, dict[str, tuple[str, ...]]] = self.kept(
            "catalog", self._stamp(self.catalogs), self._load
        )
        return loaded

    def _load(self) -> tuple[Catalog, dict[str, tuple[str, ...]]]:
        """All catalogs together; where that fails, the largest sound set of them in their order."""
        sound: list[str] = []
        found, faults = Catalog({}, {}), {}
        for name in self.catalogs:
            try:
                found = load_catalog([*sound, name], self._told)
            except UserMistake as mistake:
                faults[name] = mistake.lines
            else:
                sound.append(name)
        return found, faults


def stamps(files: Sequence[Path]) -> Stamp:
    """What tells whether any of `files` was changed: when they were written, and how long they are."""
    return tuple((str(file), *stamp_of(file)) for file in files)


def stamp_of(file: Path) -> tuple[int, int]:
    """When a file was last written, in nanoseconds, and its size; (0, -1) where there is none."""
    try:
        found = file.stat()
    except OSError:
        return (0, -1)
    return (found.st_mtime_ns, found.st_size)


def is_shipped(file: Path | None) -> bool:
    """Whether a description came with the package, and so is never written."""
    try:
        return file is not None and shipped_catalog().resolve() in file.resolve().parents
    except ValueError:  # a NUL in what was typed
        return False
