"""The official lists of a collection: files of task names, `test_tasks.txt` and the like, and an index of tasks.

Super-NaturalInstructions has splits/default/{train,test,excluded}_tasks.txt. Where there is no list of training tasks,
they are the tasks that no other list names.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from unseen.data.textlines import text_lines, unreadable
from unseen.errors import DataMistake, UserMistake

ENDING = "_tasks.txt"
SHOWN = 3  # names in a message


def read_lists(folder: Path | None, index: Path | None) -> dict[str, dict[str, str]]:
    """List -> task -> where it is named. Raises `DataMistake` for what cannot be read."""
    lists: dict[str, dict[str, str]] = {}
    if folder is not None:
        files = sorted(folder.glob(f"*{ENDING}"))
        if not files:
            raise DataMistake(str(folder), f"holds no file *{ENDING}", "name the folder of test_tasks.txt")
        lists |= {file.name.removesuffix(ENDING): dict(_named(file)) for file in files}
    if index is not None:
        for task, name in _indexed(index):
            lists.setdefault(name, {}).setdefault(task, str(index))
    return lists


def list_mistakes(lists: Mapping[str, Mapping[str, str]], known: Collection[str]) -> list[UserMistake]:
    """A mistake for each list that names tasks which are not there, and for tasks that two lists name."""
    mistakes: list[UserMistake] = []
    for name, tasks in lists.items():
        absent = [task for task in tasks if task not in known]
        if absent:
            more = f" and {len(absent) - SHOWN} more" if len(absent) > SHOWN else ""
            what = f"names {len(absent)} tasks that are not there: {', '.join(absent[:SHOWN])}{more}"
            remedy = "leave them out with --skip-bad, or 'partial: true' in the description"
            mistakes.append(DataMistake(f"{tasks[absent[0]]}: list '{name}'", what, remedy))
    for task, (first, second) in _doubles(lists):
        where = f"{lists[second][task]}: {task}"
        mistakes.append(DataMistake(where, f"is in the list '{second}' and in '{first}'", "keep it in one of them"))
    return mistakes


def lists_of(task: str, lists: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """The lists that name a task; `train` where lists are there, none of training tasks, and none names it."""
    named = tuple(name for name, tasks in lists.items() if task in tasks)
    return named or (("train",) if lists and "train" not in lists else ())


def _named(file: Path) -> Iterator[tuple[str, str]]:
    for line in text_lines(file, {}):
        if name := line.strip().removesuffix(".json"):
            yield name, str(file)


def _indexed(index: Path) -> Iterator[tuple[str, str]]:
    """(task, list) of a tab-separated table with the columns `task` and `split`."""
    try:
        with index.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, delimiter="\t")
            if not {"task", "split"} <= set(table.fieldnames or ()):
                raise DataMistake(str(index), "has no columns 'task' and 'split'", "it is a table with tabs")
            yield from ((line["task"], line["split"]) for line in table if line["task"] and line["split"])
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
