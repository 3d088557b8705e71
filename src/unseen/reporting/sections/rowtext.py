"""Text of rows as a page shows it: escaped, cut with a note, kept apart from the page's own words."""

from __future__ import annotations

from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import whole

# Characters of a prompt or an answer, of a text in a table, and of one in a long table.
LONGEST, SHORT, BRIEF = 3000, 400, 160


def row_text(text: str) -> Markup:
    """A block of row text; what is cut out of its middle is counted."""
    return tag("pre", _cut(text, LONGEST), class_="row", dir="auto")


def short_text(text: str) -> Markup:
    """Row text within a line."""
    return tag("bdi", _cut(text, SHORT), class_="row")


def brief_text(text: str) -> Markup:
    """Row text in a table of many lines: its beginning and its end, and how many characters stand between them."""
    if len(text) <= BRIEF + 20:
        return tag("bdi", text, class_="row")
    half = BRIEF // 2
    between = tag("span", f" [… {whole(len(text) - 2 * half)} characters …] ", class_="cut")
    return tag("bdi", text[:half], between, text[-half:], class_="row")


def _cut(text: str, longest: int) -> Markup:
    if len(text) <= longest:
        return joined(text)
    half = longest // 2
    note = f" [… {whole(len(text) - 2 * half)} characters are not shown …] "
    return joined(text[:half], tag("span", note, class_="cut"), text[-half:])
