"""Questions to tokens: what generation continues, and the options that choosing compares.

Both are cut out of the tokens of training examples, so that a model is asked exactly as it was tuned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unseen.encode.encode import check_target, encode_whole, limited_length
from unseen.encode.encoded import Encoded
from unseen.encode.format import Format
from unseen.encode.tokenizer import Tokenizer
from unseen.errors import DataMistake
from unseen.prompt.example import Example, Segment
from unseen.prompt.fit import exemplars_in, fit

ANY_ANSWER = "A"  # stands where the completion is not known yet: the prompt's tokens must not depend on it

Ids = NDArray[np.int32]


def encode_prompt(example: Example, tokenizer: Tokenizer, format: Format, limit: int) -> Ids:
    """Tokens that generation continues: the prompt of a training example, its answer left out.

    Tokens that would run into the answer (a space at the prompt's end) are left to the model, as in training.
    """
    return encode_question(example, tokenizer, format, limit).ids


def encode_question(example: Example, tokenizer: Tokenizer, format: Format, limit: int) -> Encoded:
    """`encode_prompt`, together with the `cuts` that made it fit."""

    def prompt_of(each: Example) -> Encoded:
        whole = encode_whole([_answered(each, ANY_ANSWER)], tokenizer, format)[0]
        return replace(whole, ids=whole.ids[: whole.prompt_length], weights=whole.weights[: whole.prompt_length])

    fitted, cuts = fit(example, limit, lambda each: len(prompt_of(each).ids))
    encoded = prompt_of(fitted)
    return replace(encoded, cuts={**encoded.cuts, **cuts})


def encode_options(example: Example, tokenizer: Tokenizer, format: Format, limit: int) -> tuple[Ids, list[Ids]]:
    """Tokens of the prompt, and of each of `example.choices` as its completion, end token included.

    Prompt and option together are the tokens of a training example with that completion. Where options disagree
    about the prompt's last token, it belongs to every option. No option is cut.
    """
    options = encode_choices(example, tokenizer, format, limit)
    return options.prompt, list(options.options)


@dataclass(frozen=True, slots=True)
class EncodedChoices:
    """Prompt and options of a Choose question as tokens, and the `cuts` that made them fit."""

    prompt: Ids
    options: tuple[Ids, ...]
    cuts: dict[str, int]


def encode_choices(example: Example, tokenizer: Tokenizer, format: Format, limit: int) -> EncodedChoices:
    """`encode_options`, together with the `cuts`. Raises `DataMistake` for an example without choices."""
    if not example.choices:
        raise DataMistake(example.id, "has no answer choices", "ask it with generate, or give it answer_choices")

    choices, fitted = example.choices, example
    cuts: dict[str, int] = {}

    def wholes_of(each: Example, answers: Sequence[str]) -> list[Encoded]:
        return encode_whole([_answered(each, answer) for answer in answers], tokenizer, format)

    def length(each: Example, answers: Sequence[str]) -> int:
        return max(limited_length(whole, format) for whole in wholes_of(each, answers))

    # To fit sixteen exemplars before each of fourteen options took 0.9 s; the longest one tells nearly as much.
    long = [max(choices, key=len)]
    if exemplars_in(example) and length(example, long) > limit:
        fitted, cuts = fit(example, limit, lambda each: length(each, long))
    wholes = wholes_of(fitted, choices)
    if max(limited_length(whole, format) for whole in wholes) > limit:
        fitted, cuts = fit(example, limit, lambda each: length(each, choices))
        wholes = wholes_of(fitted, choices)
    for whole in wholes:
        check_target(whole, format)
    shared = min(whole.prompt_length for whole in wholes)
    return EncodedChoices(wholes[0].ids[:shared], tuple(whole.ids[shared:] for whole in wholes), cuts)


def option_sequences(example: Example, tokenizer: Tokenizer, format: Format, limit: int = 1 << 30) -> list[Encoded]:
    """What a model reads to choose: the prompt with each option, whose tokens have weight 1."""
    encoded = encode_choices(example, tokenizer, format, limit)
    length = len(encoded.prompt)
    wholes = [np.concatenate([encoded.prompt, option]) for option in encoded.options]
    weights = [(np.arange(len(whole)) >= max(length, 1)).astype(np.float32) for whole in wholes]
    return [Encoded(example.id, *each, length, encoded.cuts) for each in zip(wholes, weights, strict=True)]


def _answered(example: Example, answer: str) -> Example:
    """`example` with `answer` as its completion."""
    asked = example.segments[:-1] if example.segments[-1].role == "assistant" else example.segments
    return replace(example, segments=(*asked, Segment("assistant", answer, 1.0)))
