"""Tables: readable without a script, sorted by their heads with it, scrolled by the keyboard where they are wide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from unseen.reporting.markup import Child, Markup, tag


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is text, number (right-aligned, sorted by value) or strip (a figure, not sorted).

    `folded` names a value where rows fold on narrow screens, so that its head is not above it.
    """

    head: Child
    kind: str = "text"
    folded: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and the value by which it sorts where that is not its text."""

    shown: Child
    sort: float | str | None = None


Row = Sequence[Cell | Child]


def table(columns: Sequence[Column], rows: Iterable[Row], label: str) -> Markup:
    """A sortable table named `label`."""
    return _scrolled(_table(columns, _rows(columns, rows), label, "sortable"), label)


def figure_table(columns: Sequence[Column], rows: Iterable[Row], label: str) -> Markup:
    """A sortable table that holds strips; its rows fold into lines on narrow screens."""
    return _scrolled(_table(columns, _figure_rows(columns, rows), label, "figure sortable"), label)


def bare_table(columns: Sequence[Column], rows: Iterable[Row], label: str) -> Markup:
    """A small table within something else: neither sorted nor scrolled."""
    return _table(columns, _rows(columns, rows), label, "bare")


def table_of_lines(columns: Sequence[Column], lines: Iterable[Markup], label: str) -> Markup:
    """A sortable table whose lines are there already, as their cells."""
    return _scrolled(_table(columns, (tag("tr", line) for line in lines), label, "lines sortable"), label)


def folded(summary: Child, *content: Child) -> Markup:
    """Content that stays closed until it is asked for."""
    return tag("details", tag("summary", summary), *content)


def section(id: str, title: str, *content: Child) -> Markup:
    return tag("section", tag("h2", title), *content, id=id, aria_label=title)


def _table(columns: Sequence[Column], rows: Iterable[Markup], label: str, kind: str) -> Markup:
    heads = [tag("th", column.head, scope="col", class_=column.kind) for column in columns]
    name = tag("caption", label, class_="unshown")
    return tag("table", name, tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_=kind)


def _scrolled(whole: Markup, label: str) -> Markup:
    return tag("div", whole, class_="wide", role="region", aria_label=label, tabindex=0)


def _rows(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[Markup]:
    return (tag("tr", *map(_cell, columns, row)) for row in rows)


def _figure_rows(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[Markup]:
    """A row opens a group by another first cell, turns to another part of it by another second one, or goes on."""
    before: Row = (None, None)
    for row in rows:
        kind = "opens" if row[0] != before[0] else "turns" if row[1] != before[1] else "goes-on"
        before = row
        yield tag("tr", *map(_cell, columns, row), class_=kind)


def _cell(column: Column, cell: Cell | Child) -> Markup:
    shown, sort = (cell.shown, cell.sort) if isinstance(cell, Cell) else (cell, None)
    return tag("td", shown, class_=column.kind, data_sort=sort, data_head=column.folded)
