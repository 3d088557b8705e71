"""How a run's steps become micro-batches: tries where the model reads them, padded rows where it does not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from unseen.errors import ModelMistake
from unseen.progress import say
from unseen.recipe import TrainSettings
from unseen.train.batch import Deal, plain_batches
from unseen.train.trie_batch import trie_deal
from unseen.trie.check import Plain, trie_attention

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel


@dataclass(frozen=True, slots=True)
class Dealing:
    """`deal` makes the micro-batches; `batches` says which they are: `trie`, `plain`, or `plain` and why."""

    deal: Deal
    batches: str


def dealing_of(model: LanguageModel, settings: TrainSettings) -> Dealing:
    """Tries, unless the recipe asks for padded rows or the model fails its check, which one line then says.

    Raises `ModelMistake` for an encoder-decoder, which reads its prompt elsewhere.
    """
    if model.kind != "decoder":
        raise ModelMistake(model.name, "is an encoder-decoder, which rows of tokens do not fit", "choose a decoder")
    plain = partial(plain_batches, batch_tokens=settings.batch_tokens)
    if settings.batches == "plain":
        return Dealing(plain, "plain")
    attention = trie_attention(model.module)
    if isinstance(attention, Plain):
        say(f"{model.name} runs row by row, nothing is shared: {attention.reason}")
        return Dealing(plain, f"plain: {attention.reason}")
    return Dealing(trie_deal(attention, settings.batch_tokens), "trie")
