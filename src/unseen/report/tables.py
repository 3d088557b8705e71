"""Tables: readable without a script, sorted by their heads with it, scrolled by the keyboard where they are wide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unseen.report.markup import Child, Markup, tag


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is text, number (right-aligned, sorted by value) or strip (a figure, not sorted)."""

    head: Child
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and the value by which it sorts where that is not its text."""

    shown: Child
    sort: float | str | None = None


Row = Sequence[Cell | Child]


def table(columns: Sequence[Column], rows: Iterable[Row], label: str, figure: bool = False) -> Markup:
    """A table named `label`; a `figure` holds strips, and its rows fold into two lines on narrow screens."""
    heads = [tag("th", column.head, scope="col", class_=column.kind) for column in columns]
    body = [tag("tr", *map(_cell, columns, row)) for row in rows]
    whole = tag(
        "table",
        tag("caption", label, class_="unshown"),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *body),
        class_="figure" if figure else "sortable",
    )
    return tag("div", whole, class_="wide", role="region", aria_label=label, tabindex=0)


def _cell(column: Column, cell: Cell | Child) -> Markup:
    shown, sort = (cell.shown, cell.sort) if isinstance(cell, Cell) else (cell, None)
    return tag("td", shown, class_=column.kind, data_sort=sort)


def folded(summary: Child, *content: Child, opened: bool = False) -> Markup:
    """Content that stays closed until it is asked for."""
    return tag("details", tag("summary", summary), *content, open=opened)


def section(id: str, title: str, *content: Child) -> Markup:
    return tag("section", tag("h2", title), *content, id=id, aria_label=title)
