"""Turns what goes wrong in a template into the one line that its author needs."""

from __future__ import annotations

from collections.abc import Iterable

from jinja2.exceptions import SecurityError, TemplateError, UndefinedError

from unseen.data.dataset import Row
from unseen.errors import TemplateMistake, nearest
from unseen.prompt.choices import BadIndex, NotChoices
from unseen.prompt.limits import LimitReached
from unseen.prompt.rewrite import Refused
from unseen.prompt.template import Template


class MissingColumn(UndefinedError):
    """The row lacks a column that the template reads; the message is the column's name."""


class AtLine(TemplateMistake):
    """What stands at a `line`, counted from 1, of a `part` of the template: `prompt`, `completion`, …"""

    part: str = ""
    line: int = 0


class UnknownColumn(TemplateMistake):
    """A `column` is read that the rows do not have."""

    column: str = ""


class Runaway(TemplateMistake):
    """A template went past a limit; to look at more rows would take as long for each of them."""


# What a template can raise from a row: Jinja's own exceptions, and Python's from the operations that it writes.
FAULTS = (
    TemplateError,
    LimitReached,
    BadIndex,
    NotChoices,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)


def place(template: Template, row: Row | None = None, line: str = "") -> str:
    """`file, template 'name', row train/3`."""
    parts = [template.where, f"template '{template.name}'", f"row {row.id}" if row else "", line]
    return ", ".join(part for part in parts if part)


def compile_mistake(template: Template, part: str, refused: Refused) -> TemplateMistake:
    where = place(template, line=f"line {refused.line} of {part}")
    mistake = AtLine(where, refused.what, refused.remedy)
    mistake.part, mistake.line = part, refused.line
    return mistake


def missing_column(where: str, name: str, columns: Iterable[str]) -> TemplateMistake:
    what = f"reads column '{name}', which the rows do not have"
    mistake = UnknownColumn(where, what, nearest(name, columns, "columns"))
    mistake.column = name
    return mistake


def row_mistake(template: Template, row: Row | None, fault: Exception) -> TemplateMistake:
    """The mistake behind `fault`, which rendering `row` raised."""
    where = place(template, row)
    if isinstance(fault, TemplateMistake):
        return fault
    if isinstance(fault, MissingColumn):
        return missing_column(where, str(fault), row.values if row else ())
    if isinstance(fault, BadIndex):
        return _bad_index(where, fault)
    if isinstance(fault, LimitReached):
        return Runaway(where, str(fault), "look for a loop or a value that grows")
    if isinstance(fault, SecurityError):
        return TemplateMistake(where, str(fault), "a template reads columns and their values only")
    if isinstance(fault, RecursionError):
        return TemplateMistake(where, "calls itself without an end", "give its macro or loop an end")
    if isinstance(fault, UndefinedError):
        return TemplateMistake(where, str(fault), "look at the row's values, or ask with 'is defined'")
    return TemplateMistake(where, f"{type(fault).__name__}: {fault}", "look at the row's values")


def _bad_index(where: str, fault: BadIndex) -> TemplateMistake:
    read = f" (column '{fault.column}')" if fault.column else ""
    if not fault.count:
        return TemplateMistake(where, f"asks for an answer choice{read} and has none", "add 'answer_choices:'")
    if isinstance(fault.index, int):
        remedy = "describe the marker of unlabelled rows, or add the missing choice"
    else:
        remedy = "labels are indexes from 0: map them with 'labels:' in the dataset's description"
    what = f"label {_short(fault.index)}{read} is no index of its {fault.count} choices (0 to {fault.count - 1})"
    return TemplateMistake(where, what, remedy)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
