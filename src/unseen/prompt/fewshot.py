"""Few-shot examples: exemplars before the question, as turns of their own or inside the one user turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from unseen.prompt.example import Example, Segment

Layout = Literal["turns", "one_turn"]
GAP = "\n\n"  # between two exemplars of one turn, as between turns in the plain format


def with_exemplars(example: Example, exemplars: Sequence[Example], layout: Layout = "turns") -> Example:
    """`example` with `exemplars` before its first user turn.

    Exemplars carry no loss. Their own system turns are left out: one conversation has one. In `one_turn`, where each
    exemplar stands is kept in `Segment.exemplars`, so that `fit` can drop whole ones.
    """
    if not exemplars:
        return example
    first = next((place for place, segment in enumerate(example.segments) if segment.role == "user"), 0)
    before, rest = example.segments[:first], example.segments[first:]
    if layout == "turns":
        return replace(example, segments=(*before, *_turns(exemplars), *rest))
    if not rest or rest[0].role != "user":
        return example
    return replace(example, segments=(*before, _in_one_turn(rest[0], exemplars), *rest[1:]))


def _turns(exemplars: Sequence[Example]) -> list[Segment]:
    segments = [segment for exemplar in exemplars for segment in exemplar.segments if segment.role != "system"]
    return [replace(segment, weight=0.0, source="exemplar", exemplars=()) for segment in segments]


def _in_one_turn(asked: Segment, exemplars: Sequence[Example]) -> Segment:
    text, pieces = "", []
    for exemplar in exemplars:
        start = len(text)
        text += f"{exemplar.prompt}{exemplar.separator}{exemplar.completion}{GAP}"
        pieces.append((start, len(text)))
    spans = tuple(span.moved(len(text)) for span in asked.spans)
    own = ((start + len(text), end + len(text)) for start, end in asked.exemplars)
    return replace(asked, text=text + asked.text, spans=spans, exemplars=(*pieces, *own))
