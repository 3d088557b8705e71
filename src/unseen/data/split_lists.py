"""The official lists of a collection: files of task names, `test_tasks.txt` and the like, and an index of tasks.

Super-NaturalInstructions has splits/default/{train,test,excluded}_tasks.txt. Where there is no list of training tasks,
they are the tasks that no other list names. An index says of every task in which list it is, and of a copy that holds
only some tasks, which.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from unseen.data.textlines import text_lines, unreadable
from unseen.errors import DataMistake, UserMistake

ENDING = "_tasks.txt"
SHOWN = 3  # names in a message


@dataclass(frozen=True, slots=True)
class Lists:
    """List -> task -> the file that names it. `partial`: lists may name tasks that are not there."""

    named: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    partial: bool = False

    def of(self, task: str) -> tuple[str, ...]:
        """The lists that name a task; `train` where there are lists, none of training tasks, and none names it."""
        found = tuple(name for name, tasks in self.named.items() if task in tasks)
        return found or (("train",) if self.named and "train" not in self.named else ())

    def absent(self, known: Collection[str]) -> dict[str, list[str]]:
        """The tasks of each list that are not among the `known`."""
        absent = {name: [task for task in tasks if task not in known] for name, tasks in self.named.items()}
        return {name: tasks for name, tasks in absent.items() if tasks}


def read_lists(folder: Path | None, index: Path | None) -> Lists:
    """The lists of a folder, and those of an index, which is partial where it says that tasks were not kept.

    Raises `DataMistake` for what cannot be read.
    """
    lists: dict[str, dict[str, str]] = {}
    partial = False
    if folder is not None:
        files = sorted(folder.glob(f"*{ENDING}"))
        if not files:
            raise DataMistake(str(folder), f"holds no file *{ENDING}", "name the folder of test_tasks.txt")
        lists |= {file.name.removesuffix(ENDING): dict(_named(file)) for file in files}
    for task, name, kept in _indexed(index) if index else ():
        partial |= not kept
        if kept:
            lists.setdefault(name, {}).setdefault(task, str(index))
    return Lists(lists, partial)


def list_mistakes(lists: Lists, known: Collection[str]) -> list[UserMistake]:
    """A mistake for each list that names tasks which are not there, and for each task that two lists name."""
    mistakes: list[UserMistake] = []
    for name, absent in ({} if lists.partial else lists.absent(known)).items():
        more = f" and {len(absent) - SHOWN} more" if len(absent) > SHOWN else ""
        what = f"names {len(absent)} tasks that are not there: {', '.join(absent[:SHOWN])}{more}"
        remedy = "leave them out with --skip-bad, or 'partial: true' in the description"
        mistakes.append(DataMistake(f"{lists.named[name][absent[0]]}: list '{name}'", what, remedy))
    for task, (first, second) in _doubles(lists.named):
        where = f"{lists.named[second][task]}: {task}"
        mistakes.append(DataMistake(where, f"is in the list '{second}' and in '{first}'", "keep it in one of them"))
    return mistakes


def _named(file: Path) -> Iterator[tuple[str, str]]:
    for line in text_lines(file, {}):
        if name := line.strip().removesuffix(".json"):
            yield name, str(file)


def _indexed(index: Path) -> Iterator[tuple[str, str, bool]]:
    """(task, list, whether it is in this copy) of a table with tabs: columns `task`, `split`, and maybe `kept`."""
    try:
        with index.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, delimiter="\t")
            if not {"task", "split"} <= set(table.fieldnames or ()):
                raise DataMistake(str(index), "has no columns 'task' and 'split'", "it is a table with tabs")
            for line in table:
                if line["task"] and line["split"]:
                    yield line["task"], line["split"], line.get("kept") != "False"
    except OSError as error:
        raise unreadable(index, error) from None
    except UnicodeError:
        raise DataMistake(str(index), "is not UTF-8 text", "save it as UTF-8") from None


def _doubles(lists: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, tuple[str, str]]]:
    first: dict[str, str] = {}
    for name, tasks in lists.items():
        for task in tasks:
            if task in first:
                yield task, (first[task], name)
            first.setdefault(task, name)
