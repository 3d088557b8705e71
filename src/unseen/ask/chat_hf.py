"""The chat backend that asks a transformers model in this process; what chats begin with alike is read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from unseen.ask.chat import Request, Said, Unsaid
from unseen.ask.hf import HfBackend
from unseen.ask.question import Sample
from unseen.encode.format import format_of
from unseen.encode.open_turn import open_user_turn
from unseen.errors import DataMistake, ModelMistake
from unseen.prompt.example import Example, Segment

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

PART = 1024  # chats that become tokens at a time


class HfChat:
    """Chats with `model` in its own chat format, or plainly where it has none. `batch_tokens` bounds the tokens of
    prompts that are read together. Raises `ModelMistake` for an encoder-decoder."""

    pinned = True

    def __init__(self, model: LanguageModel, batch_tokens: int = 4096) -> None:
        if model.kind != "decoder":
            raise ModelMistake(model.name, "is an encoder-decoder, which holds no chats", "name a decoder-only model")
        self.name = model.name
        self._backend = HfBackend(model, format_of("auto", model.tokenizer), batch_tokens, model.context)

    @cached_property
    def digest(self) -> str:
        return self._backend.digest

    def say(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        """See `ChatBackend`. A chat that is too long for the model is `Unsaid`. Raises `ModelMistake` where the user's
        turn is to be opened and there is no chat template."""
        if any(each.speaker == "user" for each in requests):
            open_user_turn((), self._backend.model.tokenizer, self._backend.format)
        for start in range(0, len(requests), PART):
            yield from self._part(requests[start : start + PART])

    def _part(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        asked: list[tuple[str, Sample]] = []
        for request in requests:
            sample = _sample(request)
            try:
                self._backend.key(sample)
            except DataMistake as mistake:
                yield request.id, Unsaid(mistake.what)
            else:
                asked.append((request.id, sample))
        for index, answer in self._backend.answer([sample for _, sample in asked]):
            yield asked[index][0], Said(answer.text, not answer.broken_off, answer.lengths[0])


def _sample(request: Request) -> Sample:
    segments = tuple(Segment(each.role, each.text) for each in request.messages)
    return Sample(
        example=Example("chat", request.id, "asked", 0, segments),
        temperature=request.drawing.temperature,
        top_p=request.drawing.top_p,
        max_new_tokens=request.drawing.max_new_tokens,
        stop=request.drawing.stop,
        seed=request.seed,
        speaker=request.speaker,
    )
