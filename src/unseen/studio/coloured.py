"""A rendered example with its spans: what columns wrote, what the template's words and its answer choices wrote.

Never by colour alone: each column has an underline of its own and every span says in its title what wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unseen.prompt.example import Example, Segment, Span
from unseen.reporting.markup import Markup, joined, tag

STYLES = 6  # colours with an underline each; further columns begin again
LONGEST = 20_000  # characters of a text that a page shows
SAYS = {"column": "text of", "words": "words chosen by", "choices": "answer choices, chosen by"}


def coloured_segment(segment: Segment, columns: Sequence[str]) -> Markup:
    """The text of a turn, its spans marked; `columns` are those of the row, whose order gives their styles."""
    return tag("pre", _pieces(segment.text, segment.spans, columns), class_="text", dir="auto")


def _pieces(text: str, spans: Sequence[Span], columns: Sequence[str]) -> Markup:
    pieces: list[Markup] = []
    at = 0
    for span in sorted(spans):
        if span.start < at or span.start >= LONGEST:
            continue
        end = min(span.end, LONGEST)
        pieces.append(joined(text[at : span.start], _span(text[span.start : end], span, columns)))
        at = end
    rest = text[at:LONGEST]
    cut = f" … {len(text) - LONGEST:,} more characters" if len(text) > LONGEST else ""
    return joined(*pieces, rest, tag("span", cut, class_="faint") if cut else None)


def _span(text: str, span: Span, columns: Sequence[str]) -> Markup:
    names = ", ".join(span.columns) or "no column"
    said = f"{SAYS[span.says]} {names}"
    return tag("mark", text, class_=f"span {style_of(span.columns, columns)} {span.says}", title=said)


def style_of(names: Sequence[str], columns: Sequence[str]) -> str:
    """The class of a column's style; that of the first of several."""
    known = [columns.index(name) for name in names if name in columns]
    return f"s{known[0] % STYLES}" if known else "s-none"


def length_of(text: str) -> str:
    """How long a text is, in characters and words."""
    words = len(text.split())
    return f"{len(text):,} character{'s' * (len(text) != 1)}, {words:,} word{'s' * (words != 1)}"


def columns_read(example: Example) -> frozenset[str]:
    return frozenset(name for segment in example.segments for span in segment.spans for name in span.columns)


def legend(columns: Sequence[str], read: frozenset[str]) -> Markup:
    """The columns that are read, each in its style, and how words and choices differ from a column's text."""
    items = [
        tag("li", tag("mark", name, class_=f"span {style_of([name], columns)} column"))
        for name in columns
        if name in read
    ]
    items += [
        tag("li", tag("mark", "template's words", class_="span s-none words"), " picked by a column"),
        tag("li", tag("mark", "answer choices", class_="span s-none choices")),
        tag("li", "unmarked: the template's own text"),
    ]
    return tag("ul", *items, class_="legend", aria_label="Legend")


def row_table(values: Mapping[str, object], columns: Sequence[str], read: frozenset[str]) -> Markup:
    """A row, column by column, those that the template reads in their style."""
    rows = [
        tag("tr", tag("th", _name(name, columns, read), scope="row"), tag("td", _value(values.get(name))))
        for name in columns
    ]
    return tag("table", tag("tbody", *rows), class_="row")


def _name(name: str, columns: Sequence[str], read: frozenset[str]) -> Markup:
    if name in read:
        return tag("mark", name, class_=f"span {style_of([name], columns)} column", title="the template reads it")
    return tag("span", name, class_="faint", title="the template does not read it")


def _value(value: object) -> Markup:
    if value is None:
        return tag("span", "nothing", class_="faint")
    text = str(value)
    shown = text if len(text) <= 2000 else f"{text[:2000]} … {len(text):,} characters"
    return tag("span", shown, dir="auto", class_="value")
