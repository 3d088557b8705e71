"""Tiny random encoder-decoders, random pairs that repeat their sources, and transformers' own answer for one pair."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    MT5Config,
    MT5ForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
    UMT5Config,
    UMT5ForConditionalGeneration,
)

from unseen.encode.pairs import Pair

VOCABULARY = 61
SIZES = {"d_model": 24, "num_heads": 3, "d_kv": 8, "d_ff": 40, "num_layers": 2, "dropout_rate": 0.0}
TOKENS = {"vocab_size": VOCABULARY, "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}


def t5(**changes: Any) -> Any:
    return _random(T5ForConditionalGeneration, T5Config(**{**SIZES, **TOKENS, **changes}))


def t5_untied() -> Any:
    """As T5 1.1: gated, and its decoder's states are not scaled before the head."""
    return t5(feed_forward_proj="gated-gelu", tie_word_embeddings=False)


def mt5() -> Any:
    return _random(MT5ForConditionalGeneration, MT5Config(**SIZES, **TOKENS, feed_forward_proj="gated-gelu"))


def umt5() -> Any:
    return _random(UMT5ForConditionalGeneration, UMT5Config(**SIZES, **TOKENS))


def bart() -> Any:
    """With weights large enough that attention is not nearly even."""
    config = BartConfig(
        vocab_size=VOCABULARY, d_model=24, encoder_layers=2, decoder_layers=2, encoder_attention_heads=3,
        decoder_attention_heads=3, encoder_ffn_dim=40, decoder_ffn_dim=40, max_position_embeddings=64, dropout=0.0,
        pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=None,
        init_std=0.2,
    )  # fmt: skip
    return _random(BartForConditionalGeneration, config)


def with_lora(module: Any) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=4, lora_alpha=8, target_modules="all-linear", task_type="SEQ_2_SEQ_LM", init_lora_weights=False
    )
    with torch.random.fork_rng(), warnings.catch_warnings():  # PEFT asks transformers by a name going out of use
        warnings.simplefilter("ignore", FutureWarning)
        torch.manual_seed(1)
        return get_peft_model(module, config).eval()


FAMILIES = {
    "t5": t5,
    "t5 untied": t5_untied,
    "mt5": mt5,
    "umt5": umt5,
    "bart": bart,
    "t5, LoRA": lambda: with_lora(t5()),
}


def _random(kind: Any, config: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return kind(config).eval()


def ids_of(draw: np.random.Generator, length: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    return draw.integers(0, VOCABULARY, length).astype(np.int32)


def random_pairs(seed: int, count: int, sources: int = 3, longest: int = 9) -> list[Pair]:
    """Few distinct sources; targets over few tokens, so that many begin alike or are equal; any weights."""
    draw = np.random.default_rng(seed)
    pool = [ids_of(draw, int(draw.integers(1, 2 * longest))) for _ in range(sources)]
    return [_pair(f"pair/{number}", pool, longest, draw) for number in range(count)]


def _pair(name: str, pool: list[Any], longest: int, draw: np.random.Generator) -> Pair:
    target = draw.integers(0, 3, int(draw.integers(1, longest))).astype(np.int32)
    weights = (draw.random(len(target)) * (draw.random(len(target)) < 0.7)).astype(np.float32)
    weights[int(draw.integers(len(target)))] = 1.0
    return Pair(name, pool[int(draw.integers(len(pool)))].copy(), target, weights)


pair_sets = st.builds(random_pairs, st.integers(0, 2**20), st.integers(1, 9))
budgets = st.integers(4, 400)


def own_loss(module: Any, pair: Pair) -> torch.Tensor:
    """Weighted cross-entropy of one pair, alone, from transformers' own shift and logits."""
    source, target = (torch.tensor(ids.astype(np.int64))[None] for ids in (pair.source, pair.target))
    start = module.prepare_decoder_input_ids_from_labels(labels=target)
    logits = module(input_ids=source, decoder_input_ids=start).logits[0]
    losses = torch.nn.functional.cross_entropy(logits, target[0], reduction="none")
    return (losses * torch.tensor(pair.weights)).sum()
