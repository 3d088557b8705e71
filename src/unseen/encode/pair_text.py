"""Examples for encoder-decoders: the prompt is the source, the completion the target, and each is tokenised by itself.

Both get the special tokens that the model's own tokenizer puts around a text, as transformers' `tokenizer(source,
text_target=target)` does: T5 ends both with its end token, BART also begins both with `<s>`. A target always ends with
the end token, which is learned: it is how a model knows to stop. One that was broken off has no end token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from unseen.encode.encoded import Encoded
from unseen.encode.format import Format
from unseen.encode.tokenizer import Tokenizer
from unseen.encode.write import GAP, TurnText, refuse_reserved, with_system
from unseen.prompt.example import Example, Segment

NOT_LEARNED = "turns_not_learned"  # earlier answers of a conversation, which have a weight and stand in the source


@dataclass(frozen=True, slots=True)
class PairText:
    """The texts of source and target, the loss weight of the target's tokens, how many answers are not learned, and
    whether the target `ended` or was broken off."""

    source: str
    target: str
    weight: float
    not_learned: int
    ended: bool = True
    segments: Sequence[Segment] = ()
    turns: Sequence[TurnText] = ()


def pair_text(example: Example, format: Format) -> PairText:
    """`example`, whose last turn is the assistant's, as two texts.

    The source is what the plain format writes before the last separator: system text, exemplars and earlier turns
    with a blank line between them, an exemplar's answer behind its template's separator.
    """
    *before, last = with_system(example.segments, format)
    refuse_reserved(example.id, [*before, last])
    not_learned = sum(segment.role == "assistant" and segment.weight > 0 for segment in before)
    source, turns = _joined(before, example.separator)
    return PairText(source, last.text, last.weight, not_learned, last.ended, before, turns)


def _joined(segments: Sequence[Segment], separator: str) -> tuple[str, list[TurnText]]:
    text, turns = "", []
    for place, segment in enumerate(segments):
        answers = segment.role == "assistant" and place > 0 and segments[place - 1].role != "assistant"
        text += (separator if answers else GAP if place else "") + segment.text
        turns.append(TurnText(place, len(text) - len(segment.text), len(text)))
    return text, turns


@dataclass(frozen=True, slots=True)
class PairChunk:
    """Examples that are tokenised together (see `encode.Chunk`); equal texts once."""

    examples: Sequence[Example]
    texts: list[PairText]
    tokenizer: Tokenizer

    @classmethod
    def of(cls, examples: Sequence[Example], tokenizer: Tokenizer, format: Format) -> PairChunk:
        return cls(examples, [pair_text(example, format) for example in examples], tokenizer)

    def tokens(self) -> Mapping[str, list[int]]:
        distinct = dict.fromkeys(text for each in self.texts for text in (each.source, each.target))
        encodings = self.tokenizer.split(list(distinct))
        return {text: encoding.ids for text, encoding in zip(distinct, encodings, strict=True)}

    def weighed(self, tokens: Mapping[str, list[int]], prompt_weight: float) -> list[Encoded]:
        """Source and target behind each other. Nothing predicts a source, so it weighs 0 whatever `prompt_weight`."""
        return [
            _encoded(example.id, self._source(tokens[text.source]), self._target(tokens[text.target], text.ended), text)
            for example, text in zip(self.examples, self.texts, strict=True)
        ]

    def _source(self, ids: Sequence[int]) -> Sequence[int]:
        """An encoder needs a token: of no text, where the tokenizer adds nothing, the end token is the source."""
        whole = (*self.tokenizer.begin, *ids, *self.tokenizer.finish)
        return whole or self._ended(())

    def _target(self, ids: Sequence[int], ended: bool) -> Sequence[int]:
        finish = self._ended(self.tokenizer.finish) if ended else ()
        return (*self.tokenizer.begin, *ids, *finish)

    def _ended(self, finish: tuple[int, ...]) -> tuple[int, ...]:
        end = self.tokenizer.end_id
        return finish if end is None or end in finish else (*finish, end)


def _encoded(id: str, source: Sequence[int], target: Sequence[int], text: PairText) -> Encoded:
    weights = np.full(len(source) + len(target), text.weight, dtype=np.float32)
    weights[: len(source)] = 0.0
    return Encoded(
        id=id,
        ids=np.array([*source, *target], dtype=np.int32),
        weights=weights,
        prompt_length=len(source),
        cuts={NOT_LEARNED: text.not_learned} if text.not_learned else {},
    )
