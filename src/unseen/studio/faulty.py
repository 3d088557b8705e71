"""Mistakes of a template at the field and the line where they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from unseen.errors import Mistakes, UserMistake, one_line
from unseen.prompt.faults import AtLine, UnknownColumn
from unseen.reporting.markup import Markup, joined, tag
from unseen.studio.frame import note

FIELDS = ("prompt", "completion", "answer_choices", "references")
NAMES = {"prompt": "prompt", "completion": "completion", "answer_choices": "answer choices", "references": "references"}
AROUND = 2  # lines shown before and behind the one that is meant


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake; `field` and `line` (from 1) are where it stands, nothing and 0 where that is not known."""

    said: str
    field: str = ""
    line: int = 0


def faults_of(error: UserMistake, fields: Mapping[str, str]) -> list[Fault]:
    """Every mistake of a draft, with its place among the form's fields."""
    each = error.mistakes if isinstance(error, Mistakes) else (error,)
    return [_fault(mistake, fields) for mistake in each]


def _fault(error: UserMistake, fields: Mapping[str, str]) -> Fault:
    said = one_line(f"{error.what}; {error.remedy}" if error.remedy else error.what)
    if isinstance(error, AtLine):
        field = error.part if error.part in FIELDS else "prompt"
        return Fault(said, field, _line(fields.get(field, ""), error.line, field))
    if isinstance(error, UnknownColumn):
        return next(_reading(said, error.column, fields), Fault(said))
    named = re.match(r"(\w+): ", error.what)
    if named and named[1] in fields:
        return Fault(said, named[1])
    missing = re.match(r"has no (prompt|completion)$", error.what)
    return Fault(said, missing[1] if missing else "")


def _line(text: str, line: int, field: str) -> int:
    """The line of the field: a list's choices stand in a line each and are compiled one by one."""
    lines = text.replace("\r\n", "\n").split("\n")
    if field in ("prompt", "completion") or len(lines) == 1:
        return min(line, len(lines))
    from unseen.prompt.rewrite import Refused
    from unseen.prompt.source import compile_source

    for number, each in enumerate(lines, 1):
        try:
            compile_source(each, True)
        except Refused:
            return number
    return min(line, len(lines))


def _reading(said: str, column: str, fields: Mapping[str, str]) -> Iterator[Fault]:
    """Where a column's name stands in what the template computes."""
    word = re.compile(rf"\b{re.escape(column)}\b")
    for field in FIELDS:
        for number, line in enumerate(fields.get(field, "").split("\n"), 1):
            if any(word.search(inner) for inner in re.findall(r"{[{%](.*?)(?:[}%]}|$)", line)):
                yield Fault(said, field, number)


def fault_note(fault: Fault, fields: Mapping[str, str]) -> Markup:
    """The mistake in one line, and below it the lines around its own, which is marked."""
    if not fault.field:
        return note("wrong", tag("p", fault.said))
    place = NAMES.get(fault.field, fault.field) + (f", line {fault.line}" if fault.line else "")
    lines = fields.get(fault.field, "").replace("\r\n", "\n").split("\n")
    shown = _excerpt(lines, fault.line) if fault.line else None
    told = tag("p", tag("b", place), ": ", fault.said)
    return tag(
        "div", told, shown, class_="note wrong at", role="alert", data_at=fault.field, data_line=str(fault.line or "")
    )


def _excerpt(lines: Sequence[str], line: int) -> Markup:
    first = max(line - AROUND, 1)
    shown = [
        tag(
            "span",
            tag("span", f"{'▶' if number == line else ' '}{number:>4} ", class_="number"),
            joined(text[:400]),
            "\n",
            class_="meant" if number == line else None,
        )
        for number, text in enumerate(lines[first - 1 : line + AROUND], first)
    ]
    return tag("pre", *shown, class_="excerpt")
