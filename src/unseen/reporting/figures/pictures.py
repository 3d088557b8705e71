"""The figures of a page as pictures that stand alone: what the page shows, with its words beside it.

Figures of a page are strips in the cells of a table, or one drawing. They are found in the finished page, so that a
picture can never say something else than the page does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser

from unseen.reporting.markup import Markup

Names = frozenset[str]
VOID = frozenset({"meta", "br", "hr", "col", "link"})
CASED = {"viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio"}  # HTML forgets the case, XML does not


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend: the classes that colour its sign, and its name."""

    kind: Names
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row: the texts of its cells (of one line or several), the one strip among them, and whether its scores are
    void."""

    cells: Sequence[str]
    strip: str
    void: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A table of strips with its heads, the place of the strip among them, and the scale above it; or one `drawing`,
    which may be `titled`: its title stands in it."""

    section: str
    title: str
    keys: Sequence[Key] = ()
    heads: Sequence[str] = ()
    at: int = 0
    axis: str = ""
    lines: Sequence[Line] = ()
    drawing: str = ""
    titled: bool = False


def figures_of(page: Markup) -> list[Figure]:
    """The figures of a page, in its order."""
    reader = _Reader()
    reader.feed(page)
    return reader.figures


@dataclass
class _Cell:
    column: str
    text: str = ""
    strip: str = ""
    void: bool = False
    listed: bool = False


@dataclass
class _Table:
    title: str = ""
    heads: list[_Cell] = field(default_factory=list)
    rows: list[list[_Cell]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Notes figures as they go by; knows pages of ours only, in which every element is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.figures: list[Figure] = []
        self._section, self._keys, self._open = "", list[Key](), list[tuple[str, Names]]()
        self._table: _Table | None = None
        self._cell: _Cell | None = None
        self._svg: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        kinds = frozenset(values.get("class", "").split())
        if tag == "section":
            self._section, self._keys = values.get("id", ""), []
        elif tag == "table" and "figure" in kinds:
            self._table = _Table()
        elif self._table is not None:
            self._in_table(tag, kinds)
        elif tag == "ul" and "keys" in kinds:
            self._keys = []
        elif tag == "span" and "key" in kinds:
            self._keys.append(Key(kinds - {"key"}, ""))
        if tag == "svg" or self._svg:
            self._svg.append(_opened(tag, values))
        if tag not in VOID:
            self._open.append((tag, kinds))

    def _in_table(self, tag: str, kinds: Names) -> None:
        assert self._table is not None
        if tag == "tr" and self._table.heads:
            self._table.rows.append([])
        elif tag in ("th", "td"):
            self._cell = _Cell("strip" if "strip" in kinds else "text")
            (self._table.heads if tag == "th" else self._table.rows[-1]).append(self._cell)
        elif self._cell is not None and (tag == "s" or "void" in kinds):
            self._cell.void = True
        elif self._cell is not None and tag == "li":
            self._cell.text += ", " if self._cell.listed else ": "
            self._cell.listed = True

    def handle_endtag(self, tag: str) -> None:
        _, kinds = self._open.pop()
        if self._svg:
            self._svg.append(f"</{tag}>")
            if not any(name == "svg" for name, _ in self._open):
                self._drawn("".join(self._svg), kinds)
                self._svg = []
        if tag in ("th", "td"):
            self._cell = None
        elif tag == "table" and self._table is not None:
            self._closed(self._table)
            self._table = None
        elif self._cell is not None and tag == "div" and not self._svg:
            self._cell.text += "\n"

    def _drawn(self, drawing: str, kinds: Names) -> None:
        if self._cell is not None:
            self._cell.strip = drawing
        elif kinds & {"curve", "panels"}:
            said = re.search('aria-label="([^"]*)"', drawing)
            title = unescape(said[1]) if said else self._section
            keys, titled = list(self._keys), "panels" in kinds
            self.figures.append(Figure(self._section, title, keys, drawing=drawing, titled=titled))

    def _closed(self, table: _Table) -> None:
        at = next((place for place, head in enumerate(table.heads) if head.column == "strip"), None)
        if at is None:
            return
        lines = [
            Line([_spaced(cell.text) for cell in row], row[at].strip, any(cell.void for cell in row))
            for row in table.rows
        ]
        heads = [_spaced(head.text) for head in table.heads]
        title, axis = _spaced(table.title), table.heads[at].strip
        self.figures.append(Figure(self._section, title, list(self._keys), heads, at, axis, lines))

    def handle_data(self, data: str) -> None:
        tags = [name for name, _ in self._open]
        if self._svg:
            self._svg.append(_escaped(data))
        elif self._table is not None and tags and tags[-1] == "caption":
            self._table.title += data
        elif self._cell is not None:
            self._cell.text += data
        elif self._keys and "ul" in tags and any("keys" in kinds for _, kinds in self._open):
            self._keys[-1] = Key(self._keys[-1].kind, self._keys[-1].name + data)


def _opened(tag: str, values: dict[str, str]) -> str:
    return f"<{tag}" + "".join(f' {CASED.get(name, name)}="{_escaped(value)}"' for name, value in values.items()) + ">"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _spaced(text: str) -> str:
    return "\n".join(line for line in (" ".join(each.split()) for each in text.split("\n")) if line)


def names_of(figures: Sequence[Figure]) -> Iterator[str]:
    """A file's name for each, from its section and title, or its own title; a number follows where two would have the
    same."""
    given: dict[str, int] = {}
    for each in figures:
        told = each.title if each.titled else each.section if each.drawing else f"{each.section} {each.title}"
        name = re.sub(r"[^a-z0-9]+", "-", told.lower()).strip("-")[:80]
        given[name] = given.get(name, 0) + 1
        yield name if given[name] == 1 else f"{name}-{given[name]}"
