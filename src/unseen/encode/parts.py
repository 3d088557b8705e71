"""Which part of an example each of its tokens writes: markup, an exemplar, the template's words, a field, the answer.

A token that runs across a boundary belongs to the part of its last character that is no white space.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tokenizers import Encoding

from unseen.encode.format import Format
from unseen.encode.pair_text import pair_text
from unseen.encode.tokenizer import Tokenizer
from unseen.encode.write import Written, write
from unseen.prompt.example import Example, Segment, Span

Kind = Literal["markup", "system", "exemplar", "turn", "words", "field", "answer"]


class Part(NamedTuple):
    """`markup` is what the format writes itself. An `exemplar` and a `turn` of a row's own conversation have a
    `number` from 1; a `field` has the `columns` that were shown and its `place`: its turn counted from the end, and
    its span among the turn's, so that it is the same in an example that has lost exemplars."""

    kind: Kind
    number: int = 0
    columns: tuple[str, ...] = ()
    place: tuple[int, int] = (0, 0)


MARKUP = Part("markup")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Characters [start, end) of a text that are one part."""

    start: int
    end: int
    part: Part


def parts_of(example: Example, tokenizer: Tokenizer, format: Format) -> list[Part]:
    """The part of every token that `encode_whole` gives, in order."""
    if format.kind == "pair":
        return _of_pair(example, tokenizer, format)
    written = write(example, tokenizer, format)
    encoding = tokenizer.split([written.text])[0]
    return [MARKUP] * len(written.begin) + _at_tokens(written.text, encoding, _stretches(written))


def _of_pair(example: Example, tokenizer: Tokenizer, format: Format) -> list[Part]:
    """Source and target, each with what the tokenizer puts round a text."""
    text = pair_text(example, format)
    source, target = tokenizer.split([text.source, text.target])
    written = Written(text.source, len(text.source), (), (), text.segments, text.turns)
    asked = _at_tokens(text.source, source, _stretches(written, answered=False))
    begin, finish = [MARKUP] * len(tokenizer.begin), [MARKUP] * len(tokenizer.finish)
    ended = finish or ([MARKUP] if tokenizer.end_id is not None else [])
    whole = [*begin, *asked, *finish] or [MARKUP]
    return [*whole, *begin, *([Part("answer")] * len(target.ids)), *(ended if text.ended else [])]


def _at_tokens(text: str, encoding: Encoding, stretches: Sequence[Stretch]) -> list[Part]:
    starts = [stretch.start for stretch in stretches]
    found = []
    for start, end in encoding.offsets:
        held = text[start:end].rstrip() or text[start:end]
        last = start + max(len(held), 1) - 1
        place = bisect_right(starts, last) - 1
        inside = place >= 0 and last < stretches[place].end
        found.append(stretches[place].part if inside else MARKUP)
    return found


def _stretches(written: Written, answered: bool = True) -> list[Stretch]:
    """The parts of a text, in order, without its markup; `answered`: its last turn is the answer."""
    found: list[Stretch] = []
    numbers = _numbers(written.segments)
    last = len(written.segments) - 1
    for turn, start, end in written.turns:
        segment = written.segments[turn]
        whole = _whole(segment, numbers[turn], answered and turn == last)
        if whole is not None:
            found.append(Stretch(start, end, whole))
        else:
            shift = start - max(segment.text.find(written.text[start:end]), 0)  # some templates trim a turn
            found += _inside(segment, shift, turn - len(written.segments))
    return [stretch for stretch in found if stretch.end > stretch.start]


def _numbers(segments: Sequence[Segment]) -> list[int]:
    """Which exemplar, or which turn of a row's conversation, each segment is of: both begin with a user's turn."""
    numbers, met = [], {"exemplar": 0, "row": 0}
    for segment in segments:
        if segment.source in met:
            met[segment.source] += segment.role == "user"
        numbers.append(met.get(segment.source, 0))
    return numbers


def _whole(segment: Segment, number: int, answers: bool) -> Part | None:
    """The part that a whole turn is; None for a turn of a template, which has parts of its own."""
    if segment.role == "system":
        return Part("system")
    if segment.source == "exemplar":
        return Part("exemplar", number)
    if segment.role == "assistant" and answers:
        return Part("answer")
    return Part("turn", number) if segment.source == "row" else None


def _inside(segment: Segment, shift: int, turn: int) -> Iterator[Stretch]:
    """A template's turn: exemplars that share it, the text of its fields, and the words round them."""
    cuts = [(start, end, Part("exemplar", number)) for number, (start, end) in enumerate(segment.exemplars, 1)]
    cuts += [(span.start, span.end, _field(span, turn, number)) for number, span in enumerate(segment.spans)]
    at = 0
    for start, end, part in sorted(cuts, key=lambda cut: cut[0]):
        if start >= at:  # a span inside an exemplar is the exemplar's
            yield Stretch(at + shift, start + shift, Part("words"))
            yield Stretch(start + shift, end + shift, part)
            at = end
    yield Stretch(at + shift, len(segment.text) + shift, Part("words"))


def _field(span: Span, turn: int, number: int) -> Part:
    return Part("field", 0, span.columns, (turn, number)) if span.says == "column" else Part("words")
