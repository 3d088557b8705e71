"""Markdown as a code forge shows it: escaped text, and tables whose cells are one line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from unseen.reporting.markup import Child, joined, words

SPECIAL = "\\`*_|<>#~"


def text(value: object) -> str:
    """Text that Markdown shows as it is, on one line."""
    plainly = "".join(f"\\{c}" if c in SPECIAL else c for c in " ".join(str(value).split()))
    return plainly.replace("](", "]\\(")


def said(child: Child) -> str:
    """What a piece of a page says, as Markdown text."""
    return text(words(joined(child)))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a table; the first is preceded by an empty one, as Markdown wants it."""
    yield ""
    yield line(heads)
    yield line(["---"] * len(heads))
    yield from map(line, rows)


def line(cells: Iterable[object]) -> str:
    """A line of a table."""
    return "| " + " | ".join(map(text, cells)) + " |"
