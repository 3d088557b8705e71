"""Examples to tokens with loss weights: the one place where text becomes tokens.

Prompt and completion are tokenised together. The prompt's own tokens must be a prefix of the whole: where a token
runs across the boundary ("Answer: " + "yes" has the token " yes"), it belongs to the completion, and that is counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from unseen.encode.encoded import Encoded
from unseen.encode.format import Format
from unseen.encode.prefix import first_token, tail_of
from unseen.encode.tokenizer import Tokenizer
from unseen.encode.write import Written, write
from unseen.errors import DataMistake
from unseen.prompt.example import Example
from unseen.prompt.fit import fit

BATCH = 512  # examples tokenised together

Ids = NDArray[np.int32]


def encode(example: Example, tokenizer: Tokenizer, format: Format, limit: int, prompt_weight: float = 0.0) -> Encoded:
    """`example` as tokens with a loss weight each; see `encode_many`."""
    return next(encode_many([example], tokenizer, format, limit, prompt_weight))


def encode_many(
    examples: Iterable[Example], tokenizer: Tokenizer, format: Format, limit: int, prompt_weight: float = 0.0
) -> Iterator[Encoded]:
    """Each example as at most `limit` tokens, in order; memory does not grow with their number.

    A token weighs what its assistant segment weighs, end token included; every other token weighs `prompt_weight`,
    and the first one, which nothing predicts, 0. An example that is too long is fitted by `prompt.fit`, and its
    `cuts` say how. Raises `DataMistake` naming the row when nothing would be learned from it, or when it cannot fit.
    """
    remaining = iter(examples)
    while chunk := list(islice(remaining, BATCH)):
        encoded = encode_whole(chunk, tokenizer, format, prompt_weight)
        for example, each in zip(chunk, encoded, strict=True):
            if len(each.ids) > limit:
                each = _fitted(example, tokenizer, format, limit, prompt_weight)
            if not each.supervised:
                raise DataMistake(example.id, "has no supervised token", "give it a completion")
            yield each


def _fitted(example: Example, tokenizer: Tokenizer, format: Format, limit: int, prompt_weight: float) -> Encoded:
    def encoded(each: Example) -> Encoded:
        return encode_whole([each], tokenizer, format, prompt_weight)[0]

    fitted, cuts = fit(example, limit, lambda each: len(encoded(each).ids))
    result = encoded(fitted)
    return replace(result, cuts={**result.cuts, **cuts})


def encode_whole(
    examples: Sequence[Example], tokenizer: Tokenizer, format: Format, prompt_weight: float = 0.0
) -> list[Encoded]:
    """All of `examples` as tokens, whatever their length, in one call of the tokenizer."""
    written = [write(example, tokenizer, format) for example in examples]
    tails = [[tail_of(each.text, t.start, tokenizer.splits_words) for t in each.targets] for each in written]
    distinct = list(dict.fromkeys(tail for each in tails for tail in each))
    encodings = tokenizer.split([each.text for each in written] + distinct)
    own = {tail: encoding.ids for tail, encoding in zip(distinct, encodings[len(written) :], strict=True)}
    return [
        _weigh(example.id, each, encoding, [(tail, own[tail]) for tail in of_each], prompt_weight)
        for example, each, encoding, of_each in zip(examples, written, encodings, tails, strict=False)
    ]


def _weigh(
    id: str, written: Written, encoding: Encoding, tails: Sequence[tuple[str, list[int]]], prompt_weight: float
) -> Encoded:
    """Ids with their weights; `tails` are the ends of the text before each target, with their own tokens."""
    ids, offsets, shift = encoding.ids, encoding.offsets, len(written.begin)
    weights = np.full(shift + len(ids), prompt_weight, dtype=np.float32)
    prompt, moved = len(ids), 0
    for target, (tail, own) in zip(written.targets, tails, strict=True):
        first, taken = first_token(target.start, tail, own, ids, offsets)
        if target.weight > 0:
            weights[shift + first : shift + bisect_left(offsets, (target.end, 0))] = target.weight
        if target.start == written.prompt:
            prompt, moved = first, taken
    weights[:1] = 0.0
    return Encoded(
        id=id,
        ids=np.array([*written.begin, *ids], dtype=np.int32),
        weights=weights,
        prompt_length=shift + prompt,
        cuts={"boundary_moved": 1} if moved else {},
    )
