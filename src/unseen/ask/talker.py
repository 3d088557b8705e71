"""A model that is talked to: it answers turn by turn, piece by piece, and ranks answers where some are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from unseen.ask.chat import Drawing, Message
from unseen.ask.hf import HfBackend
from unseen.ask.question import Answer, Choose, Sample
from unseen.encode.format import Format, format_of, pair_format
from unseen.phases import Phase, Phases
from unseen.prompt.example import Example, Segment

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

BATCH_TOKENS = 4096
LIKELIEST = Drawing(temperature=0.0, top_p=1.0, max_new_tokens=256)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model is talked to: the format, a system turn, and how its words are drawn. Temperature 0 draws nothing."""

    format: Literal["auto", "chat", "plain"] = "auto"
    system: str | None = None
    drawing: Drawing = LIKELIEST
    seed: int = 0


def load_to_talk(name: str, phases: Phases) -> LanguageModel:
    """The model that `name` means, in memory, on a GPU where there is one; `phases` are told what that takes. Raises as
    `resolve` and `load_model`."""
    import torch

    from unseen.model.folder import resolve
    from unseen.model.load import load_model

    folder = resolve(name, phases=phases)
    phases(Phase("loading"))
    on_gpu = torch.cuda.is_available()
    model = load_model(folder, "bfloat16" if on_gpu and torch.cuda.is_bf16_supported() else "float32")
    return replace(model, module=model.module.to("cuda")) if on_gpu and model.base_bits is None else model


class Talker:
    """`model` in any format; what it costs to find out how it is read is paid once."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self._first: HfBackend | None = None

    def reply(self, messages: Sequence[Message], manner: Manner) -> Iterator[str | Answer]:
        """The turn after `messages`, the last of which is the user's: pieces of its text, then the whole answer.

        Raises `ModelMistake` for a format that the model has not, and `DataMistake` for what is too long for it.
        """
        drawing = manner.drawing
        question = Sample(
            _example(messages), drawing.temperature, drawing.top_p, drawing.max_new_tokens, seed=manner.seed
        )
        return self._backend(manner).streamed(question)

    def rank(self, messages: Sequence[Message], choices: Sequence[str], manner: Manner) -> Answer:
        """The log-probabilities of `choices` as the turn after `messages`. Raises as `reply`, and for empty choices."""
        question = Choose(replace(_example(messages), choices=tuple(choices)))
        return next(answer for _, answer in self._backend(manner).answer([question]))

    def _backend(self, manner: Manner) -> HfBackend:
        format = self._format(manner)
        way = self._first.way if self._first else None
        found = HfBackend(self.model, format, BATCH_TOKENS, self.model.context, way=way)
        self._first = self._first or found
        return found

    def _format(self, manner: Manner) -> Format:
        if self.model.kind == "encoder-decoder":
            return pair_format(manner.format, self.model.tokenizer, manner.system)
        return format_of(manner.format, self.model.tokenizer, manner.system)


def _example(messages: Sequence[Message]) -> Example:
    return Example("talk", "talk", "asked", 0, tuple(Segment(each.role, each.text) for each in messages))
