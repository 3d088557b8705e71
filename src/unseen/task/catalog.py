"""The tasks that can be named: those of the shipped catalog, of files under $UNSEEN_DATA, of the user, of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from unseen.data.dataset import Dataset, Source
from unseen.data.description import load_description
from unseen.data.places import data_root, shipped_catalog, user_catalog
from unseen.errors import DataMistake, Mistakes, TaskMistake, UserMistake, nearest, raise_all
from unseen.prompt.templates import templates_of
from unseen.task.task import TURNED, Task
from unseen.task.variants import base_name, tasks_of

NAMES = ("shipped", "data", "user")


@dataclass(frozen=True, slots=True)
class Catalog:
    """Tasks by name, and the datasets that were left out because their files are not there (name -> reason)."""

    tasks: Mapping[str, Task]
    missing: Mapping[str, str]

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets behind the tasks, each once."""
        return tuple({task.dataset.task: task.dataset for task in self.tasks.values()}.values())

    def task(self, name: str) -> Task:
        """The task of exactly this name. Raises `TaskMistake` with the nearest names, or with what is missing."""
        if name not in self.tasks:
            raise self._no_match(name)
        return self.tasks[name]

    def match(self, globs: Iterable[str]) -> tuple[Task, ...]:
        """The tasks that `globs` over `cluster/dataset` name, each once, in the catalog's order for each glob.

        A glob means original tasks; variants are named with their colon (`nli/*:generate`). Raises `TaskMistake` for
        every glob without a match, with the nearest names, or with what is missing.
        """
        found: dict[str, Task] = {}
        mistakes: list[UserMistake] = []
        for glob in globs:
            names = [name for name in self.tasks if _matches(name, glob)]
            found.update((name, self.tasks[name]) for name in names)
            if not names:
                mistakes.append(self._no_match(glob))
        raise_all(mistakes)
        return tuple(found.values())

    def turned(self, tasks: Iterable[Task]) -> tuple[Task, ...]:
        """The turned-around tasks over the same datasets, for tuning; fewer where a dataset has none."""
        names = dict.fromkeys(f"{base_name(task.name)}{TURNED}" for task in tasks)
        return tuple(self.tasks[name] for name in names if name in self.tasks)

    def missing_of(self, globs: Iterable[str]) -> Mapping[str, str]:
        """The datasets that `globs` name and whose files are not there, with the reason."""
        asked = tuple(base_name(glob) for glob in globs)
        return {name: why for name, why in self.missing.items() if any(fnmatchcase(name, glob) for glob in asked)}

    def _no_match(self, glob: str) -> TaskMistake:
        for name, why in self.missing_of([glob]).items():
            return TaskMistake("tasks", f"'{glob}' names {name}, whose files are missing: {why}", "set UNSEEN_DATA")
        known = {*self.tasks, *(f"{name.partition('/')[0]}/*" for name in self.tasks)}
        return TaskMistake("tasks", f"'{glob}' matches no task", nearest(glob, known, "tasks"))


def load_catalog(names: Sequence[str]) -> Catalog:
    """The tasks of the named catalogs: `shipped`, `data`, `user`, or the path of a folder with descriptions.

    Raises all mistakes of all descriptions together, and a `DataMistake` for a dataset that two files describe.
    """
    datasets: dict[str, Dataset] = {}
    missing: dict[str, str] = {}
    tasks: dict[str, Task] = {}
    mistakes: list[UserMistake] = []
    for name in dict.fromkeys(names):
        for file in sorted(folder_of(name).glob("*.yaml")):
            try:
                dataset = _load(file, name, missing)
                if dataset is None:
                    continue
                _refuse_double(datasets.setdefault(dataset.name, dataset), dataset)
                tasks.update((task.name, task) for task in tasks_of(dataset, templates_of(dataset)))
            except Mistakes as several:
                mistakes += several.mistakes
            except UserMistake as mistake:
                mistakes.append(mistake)
    raise_all(mistakes)
    return Catalog(tasks, missing)


def folder_of(name: str) -> Path:
    """Where the descriptions of a catalog lie. Raises `TaskMistake` for a name that is neither known nor a folder."""
    folders = {"shipped": shipped_catalog(), "data": shipped_catalog() / "data", "user": user_catalog()}
    folder = folders.get(name, Path(name).expanduser())
    if name not in folders and not folder.is_dir():
        raise TaskMistake("catalogs", f"'{name}' is no catalog and no folder", nearest(name, NAMES, "catalogs"))
    return folder


def _load(file: Path, catalog: str, missing: dict[str, str]) -> Dataset | None:
    """The dataset that `file` describes, or None where its files under $UNSEEN_DATA are missing, which is noted."""
    dataset = replace(load_description(file), catalog=catalog)
    absent = [path for source in dataset.splits.values() for path in _paths(source) if not Path(path).exists()]
    if catalog == "data" and absent:
        missing[dataset.task] = f"no {absent[0]}" if data_root() else "UNSEEN_DATA is not set"
        return None
    return dataset


def _paths(source: Source) -> tuple[str, ...]:
    if source.format == "hub":
        return ()
    return tuple(source.options["files"].values()) if source.format == "parallel" else (source.path,)


def _refuse_double(first: Dataset, second: Dataset) -> None:
    if first is not second:
        raise DataMistake(str(second.file), f"describes '{second.name}', as {first.file} does", "rename one of them")


def _matches(name: str, glob: str) -> bool:
    return (":" in glob or ":" not in name) and fnmatchcase(name, glob)
