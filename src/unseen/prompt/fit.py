"""Fits an example to a length: exemplars go first, then old turns of a conversation, then the end of the longest field.

The instruction and the answer are never cut (LLaMA-Factory cuts the end of the prompt, where the question stands; TRL
cuts the answer). What was done is counted. `length` is asked few times, because every answer is a tokenisation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from unseen.errors import TooLong
from unseen.prompt.example import Example, Segment

Length = Callable[[Example], int]
_NEAR = 0.02  # a trimmed example may be so much shorter than the limit
_STEPS = 12  # lengths asked for one field at most


def fit(example: Example, limit: int, length: Length) -> tuple[Example, dict[str, int]]:
    """`example` in at most `limit` tokens, with counts of what was done to it (`exemplars_dropped`, `turns_dropped`,
    `field_trimmed`: fields cut at a word's end).

    The last exemplars are dropped first, so that what a task's examples share at their beginning stays shared.
    Raises `TooLong` naming the row when it is still too long.
    """
    if length(example) <= limit:
        return example, {}
    counts: dict[str, int] = {}
    example, counts["exemplars_dropped"] = _drop(example, exemplars_in(example), _without_exemplars, limit, length)
    example, counts["turns_dropped"] = _drop(example, _old_turns(example), _without_turns, limit, length)
    fields, trimmed = _fields(example), 0
    while length(example) > limit and trimmed < len(fields):
        example = _trimmed(example, *fields[trimmed], limit, length)
        trimmed += 1
    counts["field_trimmed"] = trimmed
    if (reached := length(example)) > limit:
        what = f"has {reached} tokens, of which the limit allows {limit}, after all that may be cut"
        raise TooLong(example.id, what, "raise max_tokens, or leave the row out")
    return example, {name: count for name, count in counts.items() if count}


def _drop(
    example: Example, most: int, without: Callable[[Example, int], Example], limit: int, length: Length
) -> tuple[Example, int]:
    """`example` without as few of `most` things as make it fit, or without all of them, and their number."""
    if not most or length(example) <= limit:
        return example, 0
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        if length(without(example, middle)) <= limit:
            high = middle
        else:
            low = middle + 1
    return without(example, high), high


def exemplars_in(example: Example) -> int:
    """Exemplars before the question, and examples of an instruction."""
    inside = sum(len(segment.exemplars) for segment in example.segments)
    return inside + sum(s.source == "exemplar" and s.role == "user" for s in example.segments)


def _without_exemplars(example: Example, dropped: int) -> Example:
    """`example` without its last `dropped` exemplars."""
    keep, met = exemplars_in(example) - dropped, 0
    segments: list[Segment] = []
    for segment in example.segments:
        if segment.source == "exemplar":
            met += segment.role == "user"
            if met > keep:
                continue
        segments.append(_shortened(segment, max(0, keep - met)) if segment.exemplars else segment)
        met += len(segment.exemplars)
    return replace(example, segments=tuple(segments))


def _shortened(segment: Segment, keep: int) -> Segment:
    """A turn with the first `keep` of its exemplars; what stands between and behind the others moves up."""
    text, spans = segment.text, segment.spans
    for start, end in reversed(segment.exemplars[keep:]):
        text = text[:start] + text[end:]
        before, behind = [s for s in spans if s.end <= start], [s for s in spans if s.start >= end]
        spans = (*before, *(s.moved(start - end) for s in behind))
    return replace(segment, text=text, spans=spans, exemplars=segment.exemplars[:keep])


def _old_turns(example: Example) -> int:
    """User turns of a row's own conversation before the last one: it stands without them, as it began later."""
    return max(0, sum(segment.source == "row" and segment.role == "user" for segment in example.segments) - 1)


def _without_turns(example: Example, dropped: int) -> Example:
    """A conversation without its first `dropped` user turns and their answers."""
    segments: list[Segment] = []
    turns = 0
    for segment in example.segments:
        turns += segment.source == "row" and segment.role == "user"
        if segment.source != "row" or segment.role == "system" or turns > dropped:
            segments.append(segment)
    return replace(example, segments=tuple(segments))


def _fields(example: Example) -> list[tuple[int, int]]:
    """(segment, span) of every field that may be trimmed, longest first; those that list all choices come last."""
    fields = [
        (place, number)
        for place, segment in enumerate(example.segments)
        if segment.role != "assistant" and segment.source != "exemplar"
        for number, span in enumerate(segment.spans)
        if span.says == "column"
    ]

    def order(field: tuple[int, int]) -> tuple[bool, int]:
        segment = example.segments[field[0]]
        span = segment.spans[field[1]]
        return _lists_choices(segment.text[span.start : span.end], example.choices), span.start - span.end

    return sorted(fields, key=order)


def _lists_choices(text: str, choices: tuple[str, ...] | None) -> bool:
    return bool(choices) and len(choices or ()) > 1 and all(choice in text for choice in choices or ())


def _trimmed(example: Example, place: int, number: int, limit: int, length: Length) -> Example:
    """The longest start of one field, cut at a word's end, with which `example` fits; nothing of it, if none does.

    Tokens grow nearly in proportion to characters, so each guess interpolates between what fits and what does not.
    """
    span = example.segments[place].spans[number]
    low, low_length = 0, length(_cut(example, place, number, 0))
    high, high_length = span.end - span.start, length(example)
    if low_length > limit:
        return _cut(example, place, number, 0)
    for _ in range(_STEPS):
        if high - low <= 1 or limit - low_length <= _NEAR * limit:
            break
        share = (limit - low_length) / max(1, high_length - low_length)
        guess = min(high - 1, max(low + 1, low + int(share * (high - low))))
        reached = length(_cut(example, place, number, guess))
        if reached <= limit:
            low, low_length = guess, reached
        else:
            high, high_length = guess, reached
    return _cut(example, place, number, low)


def _cut(example: Example, place: int, number: int, keep: int) -> Example:
    """`example` with at most `keep` characters of one field, ending with a word."""
    segment = example.segments[place]
    span = segment.spans[number]
    kept = _at_word_end(segment.text[span.start : span.end], keep)
    end = span.start + len(kept)
    text = segment.text[:end] + segment.text[span.end :]
    shift = span.end - end
    spans = (
        *segment.spans[:number],
        span._replace(end=end),
        *(later.moved(-shift) for later in segment.spans[number + 1 :]),
    )
    segments = list(example.segments)
    segments[place] = replace(segment, text=text, spans=spans)
    return replace(example, segments=tuple(segments))


def _at_word_end(text: str, keep: int) -> str:
    """The longest start of `text` within `keep` characters that ends a word; any, in text without white space."""
    if keep >= len(text):
        return text
    words = text[: keep + 1].rsplit(None, 1) if not text[keep].isspace() else [text[:keep], ""]
    start = text[:keep]
    return (words[0] if len(words) > 1 and words[0].strip() else start).rstrip()
