"""Examples to tokens with loss weights: the one place where text becomes tokens.

Prompt and completion are tokenised together. The prompt's own tokens must be a prefix of the whole: where a token
runs across the boundary ("Answer: " + "yes" has the token " yes"), it belongs to the completion, and that is counted.
Encoder-decoders take the two apart (`pair_text`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

import numpy as np
from tokenizers import Encoding

from unseen.encode.encoded import Encoded
from unseen.encode.format import Format
from unseen.encode.pair_text import PairChunk
from unseen.encode.prefix import first_token, tail_of, token_from
from unseen.encode.tokenizer import Tokenizer
from unseen.encode.write import Written, write
from unseen.errors import DataMistake, TooLong
from unseen.prompt.example import Example
from unseen.prompt.fit import fit

BATCH = 512  # examples tokenised together

Tokens = tuple[list[Encoding], dict[str, list[int]]]


def refuse(mistake: TooLong) -> None:
    raise mistake


def encode(example: Example, tokenizer: Tokenizer, format: Format, limit: int, prompt_weight: float = 0.0) -> Encoded:
    """`example` as tokens with a loss weight each; see `encode_many`."""
    encoded = encode_whole([example], tokenizer, format, prompt_weight)[0]
    return _within(limit, example, encoded, tokenizer, format, prompt_weight)


def encode_many(
    examples: Iterable[Example],
    tokenizer: Tokenizer,
    format: Format,
    limit: int,
    prompt_weight: float = 0.0,
    too_long: Callable[[TooLong], None] = refuse,
) -> Iterator[Encoded]:
    """Each example as at most `limit` tokens, in order; memory does not grow with their number. Of a pair the limit is
    on its source, and the format says how long its target may be.

    A token weighs what its assistant segment weighs, end token included; every other token weighs `prompt_weight`,
    and the first one, which nothing predicts, 0. An example that is too long is fitted by `prompt.fit`, and its
    `cuts` say how; one that cannot fit goes to `too_long` and is left out. Raises `DataMistake` naming the row when
    nothing would be learned from it, and `TooLong` where nobody takes those.
    """
    for example, encoded in _whole_in_chunks(examples, tokenizer, format, prompt_weight):
        try:
            fitting = _within(limit, example, encoded, tokenizer, format, prompt_weight)
        except TooLong as mistake:
            too_long(mistake)
        else:
            yield fitting


def encode_whole(
    examples: Sequence[Example], tokenizer: Tokenizer, format: Format, prompt_weight: float = 0.0
) -> list[Encoded]:
    """All of `examples` as tokens, whatever their length, in one call of the tokenizer."""
    chunk = chunk_of(examples, tokenizer, format)
    return chunk.weighed(chunk.tokens(), prompt_weight)


class Chunk(Protocol):
    """Examples that are tokenised together."""

    @property
    def examples(self) -> Sequence[Example]: ...

    def tokens(self) -> Any:
        """The tokenizer's work, outside Python's lock."""
        ...

    def weighed(self, tokens: Any, prompt_weight: float) -> list[Encoded]:
        """The examples as ids with their weights, out of what `tokens` gave."""
        ...


def chunk_of(examples: Sequence[Example], tokenizer: Tokenizer, format: Format) -> Chunk:
    kind = PairChunk if format.kind == "pair" else TextChunk
    return kind.of(examples, tokenizer, format)


@dataclass(frozen=True, slots=True)
class TextChunk:
    """Examples that are one text each; `tails` are the ends of the text before each target of each example."""

    examples: Sequence[Example]
    written: list[Written]
    tails: list[list[str]]
    tokenizer: Tokenizer

    @classmethod
    def of(cls, examples: Sequence[Example], tokenizer: Tokenizer, format: Format) -> TextChunk:
        written = [write(example, tokenizer, format) for example in examples]
        tails = [[tail_of(each.text, t.start, tokenizer.splits_words) for t in each.targets] for each in written]
        return cls(examples, written, tails, tokenizer)

    def tokens(self) -> Tokens:
        """Tokens of the examples, and of the tails alone."""
        own = self.tokenizer.split_again([tail for each in self.tails for tail in each])
        return self.tokenizer.split([each.text for each in self.written]), own

    def weighed(self, tokens: Tokens, prompt_weight: float) -> list[Encoded]:
        encodings, own = tokens
        return [
            _weigh(example.id, written, encoding, [(tail, own[tail]) for tail in tails], prompt_weight)
            for example, written, encoding, tails in zip(
                self.examples, self.written, encodings, self.tails, strict=True
            )
        ]


def _whole_in_chunks(
    examples: Iterable[Example], tokenizer: Tokenizer, format: Format, prompt_weight: float
) -> Iterator[tuple[Example, Encoded]]:
    """Examples with their tokens; while the tokenizer, outside Python's lock, is at one chunk, the next is written."""
    remaining = iter(examples)
    started: deque[tuple[Chunk, Future[Any]]] = deque()
    with ThreadPoolExecutor(1) as thread:
        while part := list(islice(remaining, BATCH)):
            chunk = chunk_of(part, tokenizer, format)
            started.append((chunk, thread.submit(chunk.tokens)))
            if len(started) > 1:
                yield from _finished(*started.popleft(), prompt_weight)
        while started:
            yield from _finished(*started.popleft(), prompt_weight)


def _finished(chunk: Chunk, tokens: Future[Any], prompt_weight: float) -> Iterator[tuple[Example, Encoded]]:
    return zip(chunk.examples, chunk.weighed(tokens.result(), prompt_weight), strict=True)


def _within(
    limit: int, example: Example, encoded: Encoded, tokenizer: Tokenizer, format: Format, prompt_weight: float
) -> Encoded:
    """`encoded`, or that of the example fitted to `limit`; refused when nothing would be learned from it."""
    if limited_length(encoded, format) > limit:
        fitting, cuts = fitted(example, tokenizer, format, limit)
        encoded = encode_whole([fitting], tokenizer, format, prompt_weight)[0]
        encoded = replace(encoded, cuts={**encoded.cuts, **cuts})
    check_target(encoded, format)
    if not encoded.supervised:
        raise DataMistake(example.id, "has no supervised token", "give it a completion")
    if not any(each.text for each in example.segments if each.weight > 0):
        raise DataMistake(example.id, "has an empty completion: only its end would be learned", "give it a completion")
    return encoded


def fitted(example: Example, tokenizer: Tokenizer, format: Format, limit: int) -> tuple[Example, dict[str, int]]:
    """`example` as `prompt.fit` makes it fit into `limit` tokens of `format`, and counts of what was cut."""
    return fit(example, limit, lambda each: limited_length(encode_whole([each], tokenizer, format)[0], format))


def limited_length(encoded: Encoded, format: Format) -> int:
    """The tokens that a caller's limit is on: of a pair the source's, else all."""
    return encoded.prompt_length if format.kind == "pair" else len(encoded.ids)


def check_target(encoded: Encoded, format: Format) -> None:
    """Raises `TooLong` naming the row whose target is longer than the format's longest: no answer is cut."""
    length = len(encoded.ids) - encoded.prompt_length
    if format.longest_target is not None and length > format.longest_target:
        what = f"has an answer of {length} tokens, of which the limit allows {format.longest_target}"
        raise TooLong(encoded.id, what, "raise max_target_tokens, or leave the row out")


def _weigh(
    id: str, written: Written, encoding: Encoding, tails: Sequence[tuple[str, list[int]]], prompt_weight: float
) -> Encoded:
    """Ids with their weights; `tails` are the ends of the text before each target, with their own tokens."""
    ids, shift = encoding.ids, len(written.begin)
    weights = np.full(shift + len(ids), prompt_weight, dtype=np.float32)
    prompt, moved = len(ids), 0
    for target, (tail, own) in zip(written.targets, tails, strict=True):
        first, taken = first_token(target.start, tail, own, ids, encoding)
        if target.weight > 0:
            end = len(ids) if target.end == len(written.text) else token_from(encoding, target.end)
            weights[shift + first : shift + end] = target.weight
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
