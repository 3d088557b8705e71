"""Cuts written text into prompt and completion, keeping the marks of its expressions in step."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.prompt.choices import SEPARATOR
from unseen.prompt.source import Mark

PROTECTOR = "3ed2dface8203c4c9dfb1a5dc58e41e0"  # PromptSource's own stand-in for a field's "|||" while text is split
_SHORTER = len(PROTECTOR) - len(SEPARATOR)

Part = tuple[str, Sequence[Mark]]


def protect(text: str) -> str:
    """A column's text without `|||`, so that only the template's own separates."""
    return text.replace(SEPARATOR, PROTECTOR)


def restore(text: str) -> str:
    return text.replace(PROTECTOR, SEPARATOR)


def split_parts(text: str, marks: Sequence[Mark]) -> list[Part]:
    """The parts between the `|||`s of `text`, each with its own marks, counted from its start."""
    parts: list[Part] = []
    start = 0
    for piece in text.split(SEPARATOR):
        end = start + len(piece)
        parts.append((piece, shifted(marks, start, end)))
        start = end + len(SEPARATOR)
    return parts


def strip_part(part: Part) -> Part:
    """`part` without white space around it."""
    text, marks = part
    stripped = text.strip()
    if len(stripped) == len(text):
        return part
    start = len(text) - len(text.lstrip())
    return stripped, shifted(marks, start, start + len(stripped))


def restore_part(part: Part) -> Part:
    """`part` with its protected `|||`s back."""
    text, marks = part
    moved = [
        (start - _SHORTER * text.count(PROTECTOR, 0, start), end - _SHORTER * text.count(PROTECTOR, 0, end), columns)
        for start, end, columns in marks
    ]
    return restore(text), moved


def shifted(marks: Sequence[Mark], start: int, end: int) -> list[Mark]:
    """Marks within [start, end), counted from `start`; what they have outside is cut off."""
    return [
        (max(first, start) - start, min(last, end) - start, columns)
        for first, last, columns in marks
        if first < end and last > start
    ]
