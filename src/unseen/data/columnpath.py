"""Paths into nested records: how a description names a column that lies inside another.

text                          the column `text` (a name that holds dots or brackets is tried as it stands first)
question.stem                 a field of an object
question.choices[].text       that field of every element of a list, as a list
turns[0]                      an element of a list, counted from 0, or from the end: turns[-1]
target_scores{keys}           the keys of an object as a list; {values} its values;
target_scores{best}           the index of its largest value (the first of equal ones)
comment?                      null where a record lacks it; without the mark that is a mistake
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

PART = re.compile(r"([^\[\]{}]*)((?:\[-?\d*\]|\{keys\}|\{values\}|\{best\})*)")
MARK = re.compile(r"\[-?\d*\]|\{[a-z]+\}")

Step = Callable[[Any], Any]


class NoSuchColumn(LookupError):
    """The record lacks a column: `name` is what was looked for, `known` what is there."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name, self.known = name, known


def column_at(record: Mapping[str, Any], path: str) -> Any:
    """The value that `path` leads to. Raises `NoSuchColumn`, or `ValueError` for a path that cannot be."""
    if path in record:
        return record[path]
    name, optional = path.removesuffix("?"), path.endswith("?")
    try:
        return record[name] if name in record else _walk(record, parse(name))
    except NoSuchColumn:
        if optional:
            return None
        raise


@lru_cache(maxsize=4096)
def parse(path: str) -> tuple[str, ...]:
    """Keys and marks in order. Raises `ValueError` when `path` is no path."""
    steps: list[str] = []
    for part in path.removesuffix("?").split("."):
        match = PART.fullmatch(part)
        if match is None or not part:
            raise ValueError(f"'{path}' is no path: write for example question.choices[].text or scores{{keys}}")
        steps += [match[1]] if match[1] else []
        steps += MARK.findall(match[2])
    return tuple(steps)


def _walk(value: Any, steps: tuple[str, ...]) -> Any:
    for place, step in enumerate(steps):
        if step == "[]":
            return [_walk(each, steps[place + 1 :]) for each in _as(list, value, step)]
        value = _step(value, step)
    return value


def _step(value: Any, step: str) -> Any:
    if step.startswith("["):
        elements, index = _as(list, value, step), int(step[1:-1])
        if not -len(elements) <= index < len(elements):
            raise NoSuchColumn(step, (f"{len(elements)} elements",))
        return elements[index]
    fields = _as(Mapping, value, step)
    if step == "{keys}":
        return list(fields)
    if step == "{values}":
        return list(fields.values())
    if step == "{best}":
        numbers = list(fields.values())
        return numbers.index(max(numbers)) if numbers else None
    if step not in fields:
        raise NoSuchColumn(step, tuple(map(str, fields)))
    return fields[step]


def _as(kind: Any, value: Any, step: str) -> Any:
    if not isinstance(value, kind):
        raise NoSuchColumn(step, (f"a {type(value).__name__}",))
    return value
