"""How much of a template's own words a prompt keeps: FLAN's ablation (Wei et al. 2022, section 4.3 and appendix B).

FLAN was tuned and asked with instructions, with the dataset's name in their place, or with the inputs alone; T0 was
asked HellaSwag with the context alone (Sanh et al. 2022, appendix). The spans of an example tell its columns' text from
the template's words, so every wording is made out of the rendered example.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from unseen.prompt.choices import lists_all
from unseen.prompt.example import Example, Segment, Span
from unseen.recipe import Wording


def wording_of(example: Example, wording: Wording, name: str) -> Example | None:
    """`example` as `wording` asks it; None where it then asks nothing. `name` names the dataset.

    - `instructions`: as the template asks.
    - `none`: the texts of columns that the template shows, in its order, a line each, and the answer choices that it
      lists; none of its own words.
    - `dataset_name`: the same behind `[Task: name] `.
    - `context`: as `none`, without the texts that tell the answer choices apart, so that choices which are endings
      or fillings are compared as continuations of what stands before them.

    Turns that instruct and show no column are left out. Completion, choices and references stay as they are.
    """
    if wording == "instructions":
        return example
    keeps = _Context(example.choices or ()) if wording == "context" else _shown
    begin = f"[Task: {name}] " if wording == "dataset_name" else ""
    segments = [made for each in example.segments if (made := _worded(each, keeps)) is not None]
    asked = [place for place, segment in enumerate(segments) if segment.role == "user"]
    if not asked:
        return None
    segments[asked[0]] = _behind(begin, segments[asked[0]])
    return replace(example, segments=tuple(segments))


@dataclass(frozen=True, slots=True)
class Worded:
    """Keeps of a template's words what `wording` says; `dataset` is the name that may stand for them."""

    wording: Wording
    dataset: str

    def of(self, example: Example) -> Example | None:
        return wording_of(example, self.wording, self.dataset)


Keeps = Callable[[Span, str], bool]


def _shown(span: Span, text: str) -> bool:
    """Whether the text is a column's, or a list of the answer choices."""
    return span.says != "words"


class _Context:
    """Keeps the texts of columns that are no part of one answer choice more than of another."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices

    def __call__(self, span: Span, text: str) -> bool:
        words = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")  # "he" is no part of "the clerk"
        alike = len({len(words.findall(choice)) for choice in self.choices}) < 2
        return span.says == "column" and alike and not lists_all(text, self.choices)


def _worded(segment: Segment, keeps: Keeps) -> Segment | None:
    """A turn with its columns' texts alone; None where it has none of them. What an assistant says stays."""
    if segment.role == "assistant":
        return segment
    text, spans = "", []
    for span, shown in _texts(segment):
        if keeps(span, shown):
            text += "\n" if text else ""
            spans.append(span._replace(start=len(text), end=len(text) + len(shown)))
            text += shown
    return replace(segment, text=text, spans=tuple(spans), exemplars=()) if text else None


def _texts(segment: Segment) -> Iterator[tuple[Span, str]]:
    """Every span with what it says, less the white space around it."""
    for span in segment.spans:
        if shown := segment.text[span.start : span.end].strip():
            yield span, shown


def _behind(begin: str, segment: Segment) -> Segment:
    spans = tuple(span.moved(len(begin)) for span in segment.spans)
    return replace(segment, text=begin + segment.text, spans=spans)
