"""What a report can be written as: a page, Markdown, or the page's figures as pictures."""

from __future__ import annotations

from unseen.errors import UserMistake

FORMATS = ("html", "md", "png")


def require_format(name: str) -> str:
    """`name`, where it is one of `FORMATS`."""
    if name not in FORMATS:
        raise UserMistake("--format", f"there is no format '{name}'", f"write {', '.join(FORMATS)}")
    return name
