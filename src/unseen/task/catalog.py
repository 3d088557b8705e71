"""The tasks that can be named: those of the shipped catalog, of files under $UNSEEN_DATA, of the user, of a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from unseen.data.collection import Collection, collected, is_collection
from unseen.data.dataset import Dataset, Source
from unseen.data.description import described
from unseen.data.each import load_each, several
from unseen.data.extension import Extension, extension, is_extension
from unseen.data.places import data_root, shipped_catalog, user_catalog
from unseen.errors import DataMistake, Mistakes, TaskMistake, UserMistake, nearest, raise_all
from unseen.named_path import named_path
from unseen.prompt.template import Template
from unseen.prompt.templates import duplicates, templates_of
from unseen.prompt.way import Way, ways_of
from unseen.task.selection import AWAY, LIST, Selection, named_by, select
from unseen.task.task import TURNED, Task
from unseen.task.variants import base_name, tasks_of
from unseen.yamlfile import read_yaml_mapping

NAMES = ("shipped", "asked", "data", "p3", "user")
UNDER_DATA = ("data", "p3")  # catalogs whose files lie under $UNSEEN_DATA, and may be missing
LEFT_OUT = "left out"  # begins the reason where a collection's faulty task was skipped


@dataclass(frozen=True, slots=True)
class Catalog:
    """Tasks by name, and the datasets that were left out because their files are not there (name -> reason).

    `names` are the catalogs that it was loaded from; `others` loads those where a pattern without a task may have some.
    """

    tasks: Mapping[str, Task]
    missing: Mapping[str, str]
    names: tuple[str, ...] = ()
    others: Callable[[], Iterable[Catalog]] = field(default=tuple, compare=False, repr=False)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets behind the tasks, each once."""
        return tuple({task.dataset.task: task.dataset for task in self.tasks.values()}.values())

    def task(self, name: str) -> Task:
        """The task of exactly this name. Raises `TaskMistake` with the nearest names, or with what is missing."""
        if name not in self.tasks:
            raise self._no_match(name)
        return self.tasks[name]

    def match(self, patterns: Iterable[str]) -> tuple[Task, ...]:
        """The tasks that `patterns` name, each once; see `select`."""
        return self.select(patterns).tasks

    def select(self, patterns: Iterable[str], languages: Sequence[str] = ()) -> Selection:
        """What `patterns` over `cluster/dataset` name (globs, `!globs`, `list:NAME`), in the catalog's order for each.

        Raises `TaskMistake` for every pattern without a match, with the nearest names, or with what is missing.
        """
        return select(self.tasks, tuple(patterns), languages, self._no_match)

    def turned(self, tasks: Iterable[Task]) -> tuple[Task, ...]:
        """The turned-around tasks over the same datasets, for tuning; fewer where a dataset has none."""
        names = dict.fromkeys(f"{base_name(task.name)}{TURNED}" for task in tasks)
        return tuple(self.tasks[name] for name in names if name in self.tasks)

    def missing_of(self, globs: Iterable[str]) -> Mapping[str, str]:
        """The datasets that `globs` name and whose files are not there, with the reason."""
        asked = tuple(base_name(glob) for glob in globs if not glob.startswith((AWAY, LIST)))
        return {name: why for name, why in self.missing.items() if any(fnmatchcase(name, glob) for glob in asked)}

    def _no_match(self, glob: str) -> TaskMistake:
        for name, why in self.missing_of([glob]).items():
            if why.startswith(LEFT_OUT):
                return TaskMistake("tasks", f"'{glob}' names {name}, which is {why}", "mend its file")
            return TaskMistake("tasks", f"'{glob}' names {name}, whose files are missing: {why}", "set UNSEEN_DATA")
        if (there := self._elsewhere(glob)) is not None:
            more = there.dataset.catalog
            given = " ".join(f"--catalog {name}" for name in (*self.names, more))
            what = f"'{glob}' matches no task of {', '.join(self.names)}: {there.name} is in the catalog {more}"
            remedy = f"add {more} to catalogs: [{', '.join((*self.names, more))}], on the command line {given}"
            return TaskMistake("tasks", what, remedy)
        known = {*self.tasks, *(f"{name.partition('/')[0]}/*" for name in self.tasks)}
        return TaskMistake("tasks", f"'{glob}' matches no task", nearest(glob, known, "tasks"))

    def _elsewhere(self, glob: str) -> Task | None:
        """The first task of another catalog that `glob` names."""
        found = ((catalog, name) for catalog in self.others() for name in named_by(catalog.tasks, glob))
        return next((catalog.tasks[name] for catalog, name in found), None)


@dataclass(frozen=True, slots=True)
class Told:
    """What one file says: datasets with the ways to ask them, those left out (name -> reason), or an extension."""

    datasets: tuple[tuple[Dataset, tuple[Way, ...]], ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    extension: Extension | None = None


def told_by(file: Path, catalog: str) -> Told:
    """What the description `file` of a catalog says. Raises its mistakes."""
    missing: dict[str, str] = {}
    values = read_yaml_mapping(file, DataMistake)
    if is_extension(values):
        return Told(extension=extension(values, file))
    return Told(tuple((each, ways_of(each)) for each in _datasets(values, file, catalog, missing)), missing)


def load_catalog(
    names: Sequence[str],
    read: Callable[[Path, str], Told] = told_by,
    others: Callable[[], Iterable[Catalog]] | None = None,
) -> Catalog:
    """The tasks of the named catalogs: `shipped`, `data`, `p3`, `user`, or the path of a folder with descriptions.

    `read` gives what a file says, and may remember it. `others` are where a pattern without a task may have some: the
    other known catalogs when absent. Raises all mistakes of all descriptions together, and a
    `DataMistake` for a dataset that two files describe.
    """
    found = _Found()
    mistakes: list[UserMistake] = []
    files = [(file, name) for name in dict.fromkeys(names) for file in sorted(folder_of(name).glob("*.yaml"))]
    steps: list[Callable[[], None]] = [partial(found.add, file, name, read) for file, name in files]
    for step in chain(steps, found.extensions):  # extensions are known once all files were read
        try:
            step()
        except Mistakes as several:
            mistakes += several.mistakes
        except UserMistake as mistake:
            mistakes.append(mistake)
    raise_all(mistakes)
    return Catalog(found.tasks, found.missing, tuple(names), others or partial(_other_catalogs, tuple(names)))


def _other_catalogs(names: Sequence[str]) -> Iterator[Catalog]:
    """The known catalogs that are not among `names`, the user's own first; one with a mistake in it is passed over,
    since nobody asked for it."""
    for name in reversed(NAMES):
        if name not in names:
            with suppress(UserMistake):
                yield load_catalog([name])


class _Found:
    """What was found so far, file by file."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.missing: dict[str, str] = {}
        self.extensions: list[Callable[[], None]] = []
        self._datasets: dict[str, Dataset] = {}  # by bare name
        self._ways: dict[str, tuple[Way, ...]] = {}  # by task

    def add(self, file: Path, catalog: str, read: Callable[[Path, str], Told]) -> None:
        told = read(file, catalog)
        self.missing.update(told.missing)
        if told.extension is not None:
            self.extensions.append(partial(self._extend, told.extension))
        ways = {dataset.task: ways for dataset, ways in told.datasets}
        for dataset in _new(self._datasets, [dataset for dataset, _ in told.datasets], file):
            self._ways[dataset.task] = ways[dataset.task]
            self.tasks.update((task.name, task) for task in tasks_of(dataset, ways[dataset.task]))

    def _extend(self, more: Extension) -> None:
        """The extended dataset's tasks, made anew with the further templates behind its own."""
        base = next((each for each in self._datasets.values() if each.task == more.task), None)
        if base is None:
            self.missing.setdefault(more.task, f"only extended by {more.file}, described in none of these catalogs")
            return
        if base.kind != "rows" or base.instruction is not None:
            what = f"extends '{more.task}', whose rows are instructions already"
            raise DataMistake(str(more.file), what, "no template is asked of them")
        ways = (*self._ways[base.task], *templates_of(replace(base, templates=more.templates, file=more.file)))
        raise_all(duplicates([way for way in ways if isinstance(way, Template)], str(more.file)))
        base = replace(base, templates=(*base.templates, *more.templates))
        self._datasets[base.name], self._ways[base.task] = base, ways
        self.tasks.update((task.name, task) for task in tasks_of(base, ways))


def folder_of(name: str) -> Path:
    """Where the descriptions of a catalog lie. Raises `TaskMistake` for a name that is neither known nor a folder."""
    shipped = shipped_catalog()
    folders = {
        "shipped": shipped,
        "asked": shipped / "asked",
        "data": shipped / "data",
        "p3": shipped / "data" / "p3",
        "user": user_catalog(),
    }
    folder = folders[name] if name in folders else named_path(name, TaskMistake)
    if name not in folders and not folder.is_dir():
        raise TaskMistake("catalogs", f"'{name}' is no catalog and no folder", nearest(name, NAMES, "catalogs"))
    return folder


def _datasets(values: Mapping[str, Any], file: Path, catalog: str, missing: dict[str, str]) -> tuple[Dataset, ...]:
    """The dataset that `file` describes, or those of its collection; none where its files under $UNSEEN_DATA are
    missing. What is missing or was left out is noted."""
    if is_collection(values):
        return _collected(collected(values, file), catalog, missing)
    found = load_each(values, file) if several(values) else (described(values, file, str(file)),)
    here = []
    for dataset in found:
        absent = [path for source in dataset.splits.values() for path in _paths(source) if not Path(path).exists()]
        if catalog in UNDER_DATA and absent:
            missing[dataset.task] = _absent(absent[0])
        else:
            here.append(replace(dataset, catalog=catalog))
    return tuple(here)


def _collected(collection: Collection, catalog: str, missing: dict[str, str]) -> tuple[Dataset, ...]:
    if collection.absent is not None:
        missing[f"{collection.name}/*"] = _absent(str(collection.absent))
    missing.update({f"{collection.name}/{task}": f"{LEFT_OUT} ({why})" for task, why in collection.skipped.items()})
    return tuple(replace(dataset, catalog=catalog) for dataset in collection.datasets)


def _absent(path: str) -> str:
    return f"no {path}" if data_root() else "UNSEEN_DATA is not set"


def _paths(source: Source) -> tuple[str, ...]:
    if source.format == "hub":
        return ()
    return tuple(source.options["files"].values()) if source.format == "parallel" else (source.path,)


def _new(known: dict[str, Dataset], described: Sequence[Dataset], file: Path) -> list[Dataset]:
    """What `file` describes, added to what is `known`. The same task file in two collections is one dataset, on the
    lists of both; other names that are known already are told in one `DataMistake`."""
    added = [_joined(known.get(each.name, each), each) for each in described]
    doubled = [each for each in added if known.setdefault(each.name, each).file != each.file]
    if doubled:
        more = f" and {len(doubled) - 1} more" if len(doubled) > 1 else ""
        remedy = "remove one of the two collections" if more else "rename one of them"
        what = f"describes '{doubled[0].name}'{more}, as {known[doubled[0].name].file} does"
        raise DataMistake(str(file), what, remedy)
    known.update((each.name, each) for each in added)
    return added


def _joined(first: Dataset, again: Dataset) -> Dataset:
    if first is again or again.instruction is None or not same_file(first, again):
        return again
    return replace(first, lists=tuple(dict.fromkeys((*first.lists, *again.lists))))


def same_file(first: Dataset, second: Dataset) -> bool:
    """Whether two datasets are one: the same description, or the same task file of two collections."""
    return bool(first.file and second.file and first.file.resolve() == second.file.resolve())
