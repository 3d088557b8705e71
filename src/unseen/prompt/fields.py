"""What a prompt says, without how it says it: its instruction, its fields by name, and the options it leaves.

Read off a rendered example: spans tell the columns' texts, which become fields named by their columns; whole sentences
of the template's own words are the instruction; what belongs to a layout ("Premise:", "A:", "and", quotes) is neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from unseen.prompt.choices import lists_all
from unseen.prompt.example import Example, Segment, Span

_SENTENCE = re.compile(r"(?<=[.!?。？！])\s+")
_WHOLE = re.compile(
    r"[\"“(]?[^\W\d_a-z].*[.!?。？！][\"”)]?", re.DOTALL
)  # opens with a capital, or in a script without
_MARK = re.compile(r"\W*\w\W*")  # an option of one character: A, (x), 2
OPTIONS = "options"


@dataclass(frozen=True, slots=True)
class Field:
    """Texts under one name, in order; several where the template lists them."""

    name: str
    texts: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """`options` are the answer choices, which no field repeats."""

    instruction: str
    fields: tuple[Field, ...]
    options: tuple[str, ...]


def content_of(example: Example) -> Content:
    """The content of the last user turn of `example`."""
    asked = next((each for each in reversed(example.segments) if each.role == "user"), Segment("user", ""))
    return Content(_instruction(asked), _fields(asked, example.choices or ()), example.choices or ())


def lists_marks(example: Example) -> bool:
    """Whether the answer choices are letters or numbers, which mean nothing without the list that they number."""
    return bool(example.choices) and all(_MARK.fullmatch(choice) for choice in example.choices or ())


def _instruction(asked: Segment) -> str:
    """Whole lines of the template's own that hold a sentence, and the sentences that share a line with a column."""
    kept: list[str] = []
    for pieces in _own_lines(asked):
        sentences = [sentence for piece in pieces for sentence in _sentences(piece)]
        kept += [pieces[0].strip()] if len(pieces) == 1 and sentences else sentences
    return "\n".join(kept)


def _sentences(text: str) -> list[str]:
    return [sentence for each in _SENTENCE.split(text) if _WHOLE.fullmatch(sentence := each.strip())]


def _own_lines(asked: Segment) -> Iterator[list[str]]:
    """The template's own text of every line, in one piece where no column's text or exemplar stands in the line."""
    covered = sorted([*((s.start, s.end) for s in asked.spans if s.says == "column"), *asked.exemplars])
    start = 0
    for line in asked.text.split("\n"):
        end = start + len(line)
        pieces, place = [], start
        for first, last in covered:
            if first <= end and last > start:
                pieces.append(asked.text[place : max(place, first)])
                place = max(place, last)
        yield [*pieces, asked.text[place : max(place, end)]]
        start = end + 1


def _fields(asked: Segment, choices: tuple[str, ...]) -> tuple[Field, ...]:
    found: dict[str, list[str]] = {}
    columns: dict[str, tuple[str, ...]] = {}
    for span in asked.spans:
        text = asked.text[span.start : span.end].strip()
        if span.says == "column" and text and text not in choices and not lists_all(text, choices):
            found.setdefault(_name(span), []).append(text)
            columns[_name(span)] = span.columns
    return tuple(Field(name, _once(texts), columns[name]) for name, texts in found.items())


def _once(texts: list[str]) -> tuple[str, ...]:
    """One text where a template repeats it; a list as it is, whose items may be alike."""
    return tuple(texts[:1] if len(set(texts)) == 1 else texts)


def _name(span: Span) -> str:
    return " and ".join(column.replace("_", " ") for column in span.columns)
