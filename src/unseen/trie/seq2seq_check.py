"""Whether an encoder-decoder reads pairs that share a source as it reads each alone: tried on a small random copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from unseen.encode.pairs import Pair, pair_rows, plan_pairs
from unseen.errors import ModelMistake
from unseen.model.backbone import base_of
from unseen.trie.check import TOLERANCE, short
from unseen.trie.seq2seq import PairBatch, decoder_start
from unseen.trie.small_copy import VOCABULARY, small_copy, undisturbed

REMEDY = "choose a model of the T5 or BART kind"
EXPERTS = ("num_experts", "num_local_experts")


def check_encoder_decoder(module: Any, name: str) -> None:
    """Raises `ModelMistake` where pairs cannot run together in `module`, with or without PEFT; `name` is the model's.

    Costs a few forward passes of a small model. Switch Transformers and NLLB-MoE are refused untried: an expert takes
    so many tokens of a batch and drops the others, so a row would depend on the rows beside it.
    """
    base = base_of(module)
    decoder_start(base)
    if any(getattr(base.config, key, 0) for key in EXPERTS):
        what = "is an encoder-decoder with a mixture of experts, in which a row depends on the rows beside it"
        raise ModelMistake(name, what, REMEDY)
    with undisturbed(torch.device("cpu")):
        difference = _difference(base, name)
    if not difference < TOLERANCE:
        what = f"reads pairs together otherwise than alone (relative difference {difference:.1g} in a small copy)"
        raise ModelMistake(name, what, REMEDY)


def _difference(base: Any, name: str) -> float:
    """The largest difference of logits between pairs that are run together and each alone, over the latter's norm."""
    try:
        copy = small_copy(base)
        with torch.no_grad():
            together, alone = _logits(copy, _pairs())
    except Exception as error:  # transformers raises whatever a family leads it to
        raise ModelMistake(name, f"is an encoder-decoder that cannot be tried ({short(error)})", REMEDY) from None
    difference = (together - alone).norm(dim=-1) / alone.norm(dim=-1)
    return float(difference.nan_to_num(nan=torch.inf).max())


def _pairs() -> list[Pair]:
    """Two sources of different length, one with targets of different length, so that all that is padded is padded."""
    draw = np.random.default_rng(0)
    long, brief = (draw.integers(1, VOCABULARY, length).astype(np.int32) for length in (11, 5))
    targets = [draw.integers(1, VOCABULARY, length).astype(np.int32) for length in (6, 2, 4)]
    sources = (long, long, brief)
    return [Pair("", *each, np.ones(len(each[1]), np.float32)) for each in zip(sources, targets, strict=True)]


def _logits(copy: Any, pairs: list[Pair]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of every target's tokens: of all pairs in one batch, and of each by itself through the model's forward."""
    start = decoder_start(copy)
    (rows,) = plan_pairs(pairs, batch_tokens=1000)
    arrays = pair_rows(pairs, rows, start)
    together = PairBatch.of(arrays, [""] * len(arrays.members)).outputs(copy)
    alone = [_alone(copy, pairs[member], start) for member in arrays.members]
    return together, torch.cat(alone)


def _alone(copy: Any, pair: Pair, start: int) -> torch.Tensor:
    source, read = (torch.from_numpy(ids.astype(np.int64))[None] for ids in (pair.source, pair.target[:-1]))
    inputs = torch.cat([read.new_full((1, 1), start), read], dim=1)
    logits: torch.Tensor = copy(input_ids=source, decoder_input_ids=inputs, use_cache=False).logits[0]
    return logits
