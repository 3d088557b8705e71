"""Which tasks a recipe's patterns name: globs, globs taken away, official lists, and languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from unseen.data.languages import language_code
from unseen.errors import TaskMistake, UserMistake, raise_all
from unseen.task.lists import Listed, listed
from unseen.task.task import Task

AWAY, LIST = "!", "list:"


@dataclass(frozen=True, slots=True)
class Selection:
    """The tasks that patterns name, each once; the lists among the patterns; and what languages left out by name."""

    tasks: tuple[Task, ...]
    lists: Mapping[str, Listed]
    other_languages: tuple[str, ...]


def select(
    tasks: Mapping[str, Task],
    patterns: Sequence[str],
    languages: Sequence[str] = (),
    no_match: Callable[[str], UserMistake] | None = None,
) -> Selection:
    """The tasks among `tasks` (by name) that `patterns` name, in the order of the patterns.

    A pattern is a glob over `cluster/dataset`, which means original tasks (variants are named with their colon), or
    `list:NAME`, the datasets of an official list that are here; `!` before either takes away from what was matched so
    far. With `languages`, tasks that have another language are left out. Raises a mistake for every pattern without a
    match (`no_match` makes it), and for a side that `!` or the languages leave empty.
    """
    found: dict[str, Task] = {}
    lists: dict[str, Listed] = {}
    mistakes: list[UserMistake] = []
    for pattern in patterns:
        body = pattern.removeprefix(AWAY)
        try:
            names = _named(tasks, body, lists, no_match)
        except UserMistake as mistake:
            mistakes.append(mistake)
            continue
        if body == pattern:
            found.update((name, tasks[name]) for name in names)
        elif not found and not mistakes:
            mistakes.append(TaskMistake("tasks", f"'{pattern}' takes away and nothing was named before it", ORDER))
        else:
            found = {name: task for name, task in found.items() if name not in names}
    raise_all(mistakes)
    if patterns and not found:
        raise TaskMistake("tasks", f"{_quoted(patterns)} leave no task", "take away less")
    kept = {name: task for name, task in found.items() if speaks_only(task, languages)}
    if found and not kept:
        spoken = sorted({code for task in found.values() for code in task.dataset.language})
        what = f"none of {len(found)} tasks has only the languages {', '.join(languages)}"
        raise TaskMistake("languages", what, f"their languages: {', '.join(spoken)}")
    return Selection(tuple(kept.values()), lists, tuple(name for name in found if name not in kept))


ORDER = "write first what it is taken from"


def speaks_only(task: Task, languages: Iterable[str]) -> bool:
    """Whether all languages of a task are among `languages` (no languages: any will do)."""
    wanted = {language_code(name) for name in languages}
    return not wanted or {language_code(name) for name in task.dataset.language} <= wanted


def _named(
    tasks: Mapping[str, Task], body: str, lists: dict[str, Listed], no_match: Callable[[str], UserMistake] | None
) -> list[str]:
    """The names of tasks that a pattern without its `!` matches."""
    if body.startswith(LIST):
        name = body.removeprefix(LIST)
        datasets = {task.dataset.task: task.dataset for task in tasks.values()}
        lists[name] = listed(name, datasets.values())
        return [each for each in lists[name].datasets if each in tasks]
    names = named_by(tasks, body)
    if not names:
        raise no_match(body) if no_match else TaskMistake("tasks", f"'{body}' matches no task", "see unseen list tasks")
    return names


def named_by(tasks: Iterable[str], glob: str) -> list[str]:
    """The names of tasks that a glob matches; variants only by one that has their colon."""
    return [name for name in tasks if (":" in glob or ":" not in name) and fnmatchcase(name, glob)]


def names_one(pattern: str) -> bool:
    """Whether a pattern is the name of one task, whatever else there is."""
    return not pattern.startswith((AWAY, LIST)) and not any(sign in pattern for sign in "*?[")


def _quoted(patterns: Sequence[str]) -> str:
    return ", ".join(f"'{pattern}'" for pattern in patterns)
