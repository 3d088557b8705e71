"""The way in which an encoder-decoder is asked: each distinct source is read once, for all that is said to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput

from unseen.ask.reader import asking
from unseen.ask.ways import Ranking
from unseen.encode.batch import plan_batches
from unseen.model.backbone import base_of
from unseen.model.readout import Readout
from unseen.trie.seq2seq import decoder_start, option_log_probs, seq2seq_readout
from unseen.trie.seq2seq_check import check_encoder_decoder

Ids = tuple[int, ...]
ROWS = 64  # sources that are answered together
NAME = "shared sources"


def sources_of(module: Any, batch_tokens: int, name: str) -> Sources:
    """How `module`, a transformers encoder-decoder with or without PEFT, is asked; at most `batch_tokens` positions run
    at once. Raises `ModelMistake`, with the model's `name`, where it cannot be asked so."""
    check_encoder_decoder(module, name)
    return Sources(module, batch_tokens, seq2seq_readout(module))


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Options are rows of the decoder over the states of their source, which a micro-batch computes once."""

    module: Any
    batch_tokens: int
    readout: Readout

    @property
    def name(self) -> str:
        return NAME

    def option_log_probs(self, rankings: Mapping[int, Ranking]) -> Iterator[tuple[int, tuple[float, ...]]]:
        """See `ways.Way`."""
        keys = list(rankings)
        questions = [(_array(rankings[key].prompt), [_array(each) for each in rankings[key].options]) for key in keys]
        remaining = option_log_probs(self.module, self.readout, questions, self.batch_tokens)
        while True:
            with asking(self.module):  # never while the caller has the turn
                part = next(remaining, None)
            if part is None:
                return
            yield from ((keys[number], log_probs) for number, log_probs in part)

    def batches(self, prompts: Iterable[Ids]) -> list[list[Ids]]:
        """The distinct sources, those of like length together."""
        distinct = list(dict.fromkeys(prompts))
        groups = plan_batches([len(each) for each in distinct], self.batch_tokens)
        parts = [group[start : start + ROWS] for group in groups for start in range(0, len(group), ROWS)]
        return [[distinct[place] for place in part] for part in parts]

    def read(self, batches: Sequence[Sequence[Ids]]) -> Iterator[Answering]:
        return (read_sources(self.module, batch) for batch in batches)


@dataclass(frozen=True, slots=True, eq=False)
class Answering:
    """Sources that were read, and answers that have begun.

    `encoded` [rows, longest, width] and `mask` [rows, longest] are the encoder's; `cache` that of both attentions of
    the decoder; `next_logits` float32 [rows, vocabulary], after what was said.
    """

    encoded: torch.Tensor
    mask: torch.Tensor
    cache: Any
    next_logits: torch.Tensor

    def select(self, rows: torch.Tensor) -> Answering:
        """The answers at `rows` [n], with a cache of their own."""
        own = self.cache.self_attention_cache, self.cache.cross_attention_cache
        cache = EncoderDecoderCache(*(_selected(each, rows) for each in own))
        return Answering(self.encoded[rows], self.mask[rows], cache, self.next_logits[rows])

    def step(self, module: Any, tokens: Sequence[int]) -> Answering:
        """The answers, one token longer."""
        output = module(
            encoder_outputs=BaseModelOutput(self.encoded),
            attention_mask=self.mask,
            decoder_input_ids=torch.tensor(tokens, device=self.mask.device)[:, None],
            past_key_values=self.cache,
            use_cache=True,
        )
        return Answering(self.encoded, self.mask, self.cache, output.logits[:, -1].float())


def read_sources(module: Any, sources: Sequence[Ids]) -> Answering:
    """Run every source through the encoder, and begin an answer to each."""
    longest, device = max(map(len, sources)), module.device
    ids = torch.tensor([[*source, *[0] * (longest - len(source))] for source in sources], device=device)
    mask = torch.tensor([[place < len(source) for place in range(longest)] for source in sources], device=device).long()
    encoded = base_of(module).get_encoder()(input_ids=ids, attention_mask=mask)[0]
    nothing = Answering(encoded, mask, EncoderDecoderCache(DynamicCache(), DynamicCache()), encoded.new_empty(0))
    return nothing.step(module, [decoder_start(base_of(module))] * len(sources))


def _selected(cache: Any, rows: torch.Tensor) -> DynamicCache:
    chosen = DynamicCache()
    for number, layer in enumerate(cache.layers):
        chosen.update(layer.keys[rows], layer.values[rows], number)
    return chosen


def _array(ids: Ids) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.array(ids, dtype=np.int32)
