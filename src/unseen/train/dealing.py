"""How a run's steps become micro-batches: tries where the model reads them, padded rows where it does not, and of an
encoder-decoder rows of targets over sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from unseen.encode.encoded import Encoded
from unseen.encode.pairs import Pair
from unseen.errors import ModelMistake
from unseen.model.backbone import base_of
from unseen.progress import say
from unseen.recipe import TrainSettings
from unseen.train.batch import Batch, Deal, plain_batches
from unseen.train.machine import autocast_dtype
from unseen.train.trie_batch import trie_deal
from unseen.trie.check import Plain, trie_attention
from unseen.trie.kernel import Kernel, kernel_of, running, width_of
from unseen.trie.seq2seq import decoder_start, pair_batches, single_pair_batches
from unseen.trie.seq2seq_check import check_encoder_decoder

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel


@dataclass(frozen=True, slots=True)
class Dealing:
    """`deal` makes the micro-batches; `batches` says which they are: `trie`, `shared sources`, `plain`, or `plain` and
    why. `kernel` is the attention that they are made for, None for the model's own."""

    deal: Deal
    batches: str
    kernel: Kernel | None = None

    @property
    def attention(self) -> str:
        """The name of that attention, and why it is not the fastest where it is not; empty for the model's own."""
        if self.kernel is None:
            return ""
        return f"{self.kernel.name}: {self.kernel.reason}" if self.kernel.reason else self.kernel.name

    def running(self, module: Any) -> AbstractContextManager[None]:
        """`module` with the attention that the micro-batches are made for."""
        return nullcontext() if self.kernel is None else running(module, self.kernel)


def dealing_of(model: LanguageModel, settings: TrainSettings, device: torch.device) -> Dealing:
    """Tries, unless the recipe asks for padded rows or the model fails its check, which one line then says.

    Raises `ModelMistake` for an encoder-decoder that does not read pairs, or that is to be tuned with noise.
    """
    if model.kind == "encoder-decoder":
        if settings.embedding_noise:
            what = "embedding_noise is for decoders, and this model is an encoder-decoder"
            raise ModelMistake(model.name, what, "take train.embedding_noise out, or name a decoder")
        return pair_dealing(model.module, model.name, settings)
    plain = partial(plain_batches, batch_tokens=settings.batch_tokens)
    if settings.batches == "plain":
        return Dealing(plain, "plain")
    attention = trie_attention(model.module)
    if isinstance(attention, Plain):
        say(f"{model.name} runs row by row, nothing is shared: {attention.reason}")
        return Dealing(plain, f"plain: {attention.reason}")
    kernel = kernel_of(model.module, attention, device, autocast_dtype(settings.precision, device))
    return Dealing(trie_deal(attention, settings.batch_tokens, width_of(kernel)), "trie", kernel)


def pair_dealing(module: Any, name: str, settings: TrainSettings) -> Dealing:
    """Equal sources of a step once, or with `batches: plain` one row a pair."""
    check_encoder_decoder(module, name)
    start = decoder_start(base_of(module))
    if settings.batches == "plain":
        return Dealing(partial(_dealt, single_pair_batches, start, settings.batch_tokens), "plain")
    return Dealing(partial(_dealt, pair_batches, start, settings.batch_tokens), "shared sources")


def _dealt(
    make: Callable[[Sequence[Pair], int, int], Sequence[Batch]], start: int, budget: int, examples: Sequence[Encoded]
) -> Sequence[Batch]:
    return make([Pair.of(example) for example in examples], start, budget)
