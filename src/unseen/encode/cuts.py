"""What fitting took out of an example: which exemplars, which turns, which fields, and how many tokens of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unseen.encode.encode import encode, encode_whole, fitted
from unseen.encode.encoded import Encoded
from unseen.encode.format import Format
from unseen.encode.parts import Part, parts_of
from unseen.encode.tokenizer import Tokenizer
from unseen.prompt.example import Example

CUTTABLE = ("exemplar", "turn", "field")


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of which `taken` of its `had` tokens were left out; `at` is the token before which they stood."""

    part: Part
    taken: int
    had: int
    at: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """An example in at most so many tokens, with the part of each; it had `whole` tokens before."""

    example: Example
    encoded: Encoded
    parts: tuple[Part, ...]
    whole: int
    cuts: tuple[Cut, ...]


def fit_with_parts(example: Example, tokenizer: Tokenizer, format: Format, limit: int) -> Fitted:
    """`encode`, with the part of every token and what was cut. Raises what `encode` raises."""
    encoded = encode(example, tokenizer, format, limit)
    if not encoded.cuts.keys() & {"exemplars_dropped", "turns_dropped", "field_trimmed"}:
        return Fitted(example, encoded, tuple(parts_of(example, tokenizer, format)), len(encoded.ids), ())
    kept = fitted(example, tokenizer, format, limit)[0]
    before, after = parts_of(example, tokenizer, format), parts_of(kept, tokenizer, format)
    whole = len(encode_whole([example], tokenizer, format)[0].ids)
    return Fitted(kept, encoded, tuple(after), whole, tuple(_cuts(before, after, encoded)))


def _cuts(before: Sequence[Part], after: Sequence[Part], encoded: Encoded) -> Iterator[Cut]:
    had, has = Counter(before), Counter(after)
    moved = encoded.cuts.get("turns_dropped", 0)  # the first turns go, so the others have a smaller number now
    for part, count in had.items():
        same = part._replace(number=part.number - moved) if part.kind == "turn" else part
        left = has.get(same, 0) if same.number > 0 or part.kind != "turn" else 0
        if part.kind in CUTTABLE and left < count:
            yield Cut(part, count - left, count, _place(same, after))


def _place(part: Part, after: Sequence[Part]) -> int:
    """Behind what is left of the part, else where the question begins."""
    last = next((place for place in range(len(after) - 1, -1, -1) if after[place] == part), None)
    if last is not None:
        return last + 1
    asked = ("words", "field", "turn")
    return next((place for place, each in enumerate(after) if each.kind in asked), 0)
