"""Text of rows, in the one place where a page shows it: escaped, cut with a note, kept apart from the page's own words."""

from __future__ import annotations

from hashlib import sha256

from unseen.report.markup import Markup, joined, tag
from unseen.report.numbers import whole

LONGEST, SHORT = 3000, 400  # characters of a prompt or an answer, and of a text in a table


def row_text(text: str, longest: int = LONGEST) -> Markup:
    """A block of row text; what is cut out of its middle is counted."""
    return tag("pre", _cut(text, longest), class_="row", dir="auto")


def short_text(text: str) -> Markup:
    """Row text within a line."""
    return tag("bdi", _cut(text, SHORT), class_="row")


def text_hash(text: str) -> Markup:
    """What stands for a text on a page without rows."""
    return tag("code", sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16])


def _cut(text: str, longest: int) -> Markup:
    if len(text) <= longest:
        return joined(text)
    half = longest // 2
    note = f" [… {whole(len(text) - 2 * half)} characters are not shown …] "
    return joined(text[:half], tag("span", note, class_="cut"), text[-half:])
