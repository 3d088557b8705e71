"""Answers drawn from a model as it is: temperature 1, nothing cut off, so that means over them are means under it.

They are kept as tokens. A text can be spelled in several ways, and the model would not have drawn the others so often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from unseen.ask.contents import contents_digest
from unseen.ask.question import Sample
from unseen.ask.sampling import drawn
from unseen.ask.ways import way_of
from unseen.encode.encoded import Encoded
from unseen.encode.format import Format, end_ids
from unseen.encode.options import encode_question
from unseen.errors import ModelMistake
from unseen.phases import Advance
from unseen.probe.kept import Kept, key_of
from unseen.prompt.example import Example
from unseen.task.seeds import generator

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

Said = tuple[list[int], bool]


@dataclass(frozen=True, slots=True)
class Drawing:
    """`draws` answers to each prompt, of at most `most` tokens; a prompt has at most `limit`. Equal seeds draw equal
    answers from equal models."""

    draws: int
    most: int
    limit: int
    seed: int


@dataclass(frozen=True, slots=True)
class DrawnAnswers:
    """`answers` with weight 1 on their tokens, their end included; the number of the prompt of each; how many were
    broken off at the longest length, and how many prompts were cut to fit."""

    answers: tuple[Encoded, ...]
    prompts: tuple[int, ...]
    broken_off: int
    cut: int


def draw_answers(
    model: LanguageModel, examples: Sequence[Example], format: Format, drawing: Drawing, kept: Kept, advance: Advance
) -> DrawnAnswers:
    """Answers of `model`, a decoder, to the prompts of `examples`, in their order; each is kept as soon as it is drawn.

    Of several end tokens the first stands for the one that was drawn: the divergence of next tokens does not depend on
    it. Raises `ModelMistake` where the model's context has no room for an answer.
    """
    end = end_ids(model.tokenizer, format)
    prompts, cut = _prompts(model, examples, format, drawing)
    samples = [
        Sample(examples[number], max_new_tokens=drawing.most, seed=_seed(drawing, number, draw))
        for number in range(len(prompts))
        for draw in range(drawing.draws)
    ]
    numbers = [number for number in range(len(prompts)) for _ in range(drawing.draws)]
    said = _said(model.module, [prompts[number] for number in numbers], samples, end, kept, advance)
    answers = [_encoded(prompts[number], *each, end, number) for number, each in zip(numbers, said, strict=True)]
    return DrawnAnswers(tuple(answers), tuple(numbers), sum(not ended for _, ended in said), cut)


def _seed(drawing: Drawing, number: int, draw: int) -> int:
    return int(generator(drawing.seed, "probe", number, draw).integers(2**32))


def _prompts(
    model: LanguageModel, examples: Sequence[Example], format: Format, drawing: Drawing
) -> tuple[list[tuple[int, ...]], int]:
    room = min(drawing.limit, model.context - drawing.most)
    if room < 1:
        what = f"has a context of {model.context} tokens, too short for answers of {drawing.most}"
        raise ModelMistake(model.name, what, "lower --max-new-tokens")
    found = [encode_question(each, model.tokenizer, format, room) for each in examples]
    cut = sum(any(count for name, count in each.cuts.items() if name != "boundary_moved") for each in found)
    return [tuple(each.ids.tolist()) for each in found], cut


def _said(
    module: Any,
    prompts: Sequence[tuple[int, ...]],
    samples: Sequence[Sample],
    end: Sequence[int],
    kept: Kept,
    advance: Advance,
) -> list[Said]:
    """What was drawn for each of `samples`, and whether it ended."""
    digest = contents_digest(module)
    keys = [
        key_of(model=digest, prompt=prompt, most=sample.max_new_tokens, seed=sample.seed, end=list(end))
        for prompt, sample in zip(prompts, samples, strict=True)
    ]
    known = {place: kept.find(key) for place, key in enumerate(keys)}
    missing = {place: samples[place] for place, value in known.items() if value is None}
    alike: dict[tuple[int, ...], list[int]] = {}
    for place in missing:
        alike.setdefault(prompts[place], []).append(place)
    done = len(known) - len(missing)
    if missing:
        way = way_of(module, 4096)
        for place, ids, ended in drawn(module, way, alike, missing, frozenset(end), lambda _: False):
            known[place] = [ids, ended]
            kept.keep(keys[place], known[place])
            done += 1
            advance(done, len(samples))
    return [(known[place][0], known[place][1]) for place in range(len(samples))]


def _encoded(prompt: tuple[int, ...], said: Sequence[int], ended: bool, end: Sequence[int], number: int) -> Encoded:
    answer = [*said, end[0]] if ended else list(said)
    weights = np.array([0.0] * len(prompt) + [1.0] * len(answer), dtype=np.float32)
    return Encoded(f"answer {number}", np.array([*prompt, *answer], dtype=np.int32), weights, len(prompt))
