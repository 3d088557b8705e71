"""Cuts written text into prompt and completion, keeping track of where its expressions lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from unseen.prompt.choices import SEPARATOR
from unseen.prompt.example import Span
from unseen.prompt.plain import Mark

PROTECTOR = "3ed2dface8203c4c9dfb1a5dc58e41e0"  # PromptSource's own stand-in for a field's "|||" while text is split
_SHORTER = len(PROTECTOR) - len(SEPARATOR)


class Part(NamedTuple):
    """A stripped piece of written text, the marks of the whole, and where in the whole it starts."""

    text: str
    marks: Sequence[Mark]
    start: int

    def spans(self) -> tuple[Span, ...]:
        """The marks within this part, counted from its start; an expression that wrote nothing has none."""
        start, end = self.start, self.start + len(self.text)
        spans = []
        for first, last, origin in self.marks:
            if first < end and start < last and first < last:
                first, last = first if first > start else start, last if last < end else end
                spans.append(Span(first - start, last - start, *origin))
        return tuple(spans)


def protect(text: str) -> str:
    """A column's text without `|||`, so that only the template's own separates."""
    return text.replace(SEPARATOR, PROTECTOR)


def restore(text: str) -> str:
    return text.replace(PROTECTOR, SEPARATOR)


def part(text: str, marks: Sequence[Mark], start: int = 0) -> Part:
    """`text`, which starts at `start` of what `marks` count in, without white space around it."""
    stripped = text.strip()
    if len(stripped) < len(text):
        start += len(text) - len(text.lstrip())
    return Part(stripped, marks, start)


def split_parts(text: str, marks: Sequence[Mark]) -> list[Part]:
    """The parts between the `|||`s of `text`, a column's own `|||` restored, as PromptSource splits."""
    if PROTECTOR in text:
        return _restored_parts(text, marks)
    parts, start = [], 0
    for piece in text.split(SEPARATOR):
        parts.append(part(piece, marks, start))
        start += len(piece) + len(SEPARATOR)
    return parts


def _restored_parts(text: str, marks: Sequence[Mark]) -> list[Part]:
    def moved(place: int) -> int:
        return place - _SHORTER * text.count(PROTECTOR, 0, place)

    marks = [(moved(start), moved(end), origin) for start, end, origin in marks]
    parts, start = [], 0
    for piece in text.split(SEPARATOR):
        parts.append(part(restore(piece), marks, moved(start)))
        start += len(piece) + len(SEPARATOR)
    return parts
