"""An example: what the model is asked and what it should say, as a list of segments.

One shape covers a prompt with its completion and a conversation alike. `Example` is what `render` gives and what
`encode` takes; it holds text only, no tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Role = Literal["system", "user", "assistant"]
Says = Literal["column", "words", "choices"]


class Span(NamedTuple):
    """Characters [start, end) of a segment's text that one output expression of the template wrote.

    `columns` are the dataset columns that the expression reads; what no span covers is the instruction's own text.
    `says`: what was written is the text of a `column`; or `words` of the template among which columns only picked
    (`{{ ['bad', 'good'][label] }}`); or answer `choices` that no column wrote.
    """

    start: int
    end: int
    columns: tuple[str, ...]
    says: Says = "column"

    def moved(self, by: int) -> Span:
        """The same characters where `by` more stand before them."""
        return self._replace(start=self.start + by, end=self.end + by)


@dataclass(frozen=True, slots=True)
class Segment:
    """One turn. `weight` is the loss weight of its tokens; `source` tells where the text comes from.

    An assistant's turn that has not `ended` was broken off at a token limit: no end token is learned behind it.
    `exemplars` are the characters [start, end) of each exemplar that shares the turn, in order: shots before the
    question, and the examples of an instruction. `fit` drops whole ones.
    """

    role: Role
    text: str
    weight: float = 0.0
    source: Literal["template", "exemplar", "system", "row"] = "template"
    spans: tuple[Span, ...] = ()
    exemplars: tuple[tuple[int, int], ...] = ()
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Example:
    """Segments in order; the last assistant segment is the completion.

    `choices` are the answer choices (ragged over rows), `answer` the index of the right one; `references` are all
    the accepted completions. `separator` stands between prompt and completion in the plain format.
    """

    task: str
    template: str
    split: str
    row: int
    segments: tuple[Segment, ...]
    choices: tuple[str, ...] | None = None
    answer: int | None = None
    references: tuple[str, ...] = ()
    separator: str = "\n"

    @property
    def id(self) -> str:
        return f"{self.task}|{self.template}|{self.split}/{self.row}"

    @property
    def prompt(self) -> str:
        """Text of the last user segment: what the template asked of this row."""
        return next((s.text for s in reversed(self.segments) if s.role == "user"), "")

    @property
    def completion(self) -> str:
        """Text of the last segment if it is the assistant's, else nothing."""
        return self.segments[-1].text if self.segments and self.segments[-1].role == "assistant" else ""
