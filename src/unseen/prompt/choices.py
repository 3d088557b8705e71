"""Answer choices: picking one by its index, and reading a list of them from what a template says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment
from jinja2.runtime import StrictUndefined

SEPARATOR = "|||"


class BadIndex(Exception):
    """An index that is none of the answer choices; `column` names what it was read from."""

    def __init__(self, index: Any, count: int, column: str) -> None:
        super().__init__(f"{index!r} is no index of {count} answer choices")
        self.index, self.count, self.column = index, count, column


class NotChoices(Exception):
    """What should be a list of choices is something else."""


def choose(environment: Environment, choices: Any, index: Any, column: str) -> Any:
    """The choice at `index`.

    Jinja would give nothing for an index out of range, and Python would count -1, the usual marker of an unlabelled
    row, from the end: a wrong answer that looks right. Both raise `BadIndex`.
    """
    if isinstance(index, StrictUndefined):
        return index[0]  # raises what it stands for: a column that is not there
    if choices is None:
        raise BadIndex(index, 0, column)
    if isinstance(choices, (list, tuple)):
        if not isinstance(index, int) or not 0 <= index < len(choices):
            raise BadIndex(index, len(choices), column)
        return choices[index]
    return environment.getitem(choices, index)


def split_choices(text: str) -> tuple[str, ...]:
    """`yes ||| no` as PromptSource reads it."""
    return tuple(choice.strip() for choice in text.split(SEPARATOR))


def listed(value: Any) -> tuple[str, ...]:
    """The choices in a list of values, or in text separated by `|||`; raises `NotChoices`."""
    if isinstance(value, str):
        return split_choices(value)
    if isinstance(value, (list, tuple)):
        return tuple(str(choice).strip() for choice in value)
    raise NotChoices(f"gives a {type(value).__name__} where a list was expected")


def lists_all(text: str, choices: Sequence[str]) -> bool:
    """Whether `text` names every one of two or more choices and, but for a word between them, nothing else."""
    if len(choices) < 2 or not all(choice in text for choice in choices):
        return False
    for choice in sorted(choices, key=len, reverse=True):
        text = text.replace(choice, "\n")
    return len(set(re.findall(r"\w+", text))) <= 1  # "no, yes", "no or yes"; not a sentence that holds both
