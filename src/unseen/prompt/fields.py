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

_SENTENCE = re.compile(r"(?<=[.!?。？！])\s+|\n")
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
    sentences = [each for piece in _own_text(asked) for each in _SENTENCE.split(piece)]
    return "\n".join(sentence for each in sentences if _WHOLE.fullmatch(sentence := each.strip()))


def _own_text(asked: Segment) -> Iterator[str]:
    """The text between the columns' texts, and between exemplars that share the turn."""
    covered = [(span.start, span.end) for span in asked.spans if span.says == "column"]
    start = 0
    for first, last in sorted([*covered, *asked.exemplars]):
        yield asked.text[start:first]
        start = max(start, last)
    yield asked.text[start:]


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
