"""Whether a model reads tries as it reads rows, and with which masks: tried on a small random copy of it.

transformers' families take masks and positions in many ways, and some take them and do as they please. So what a
configuration suggests is only believed once a trie that branches, longer than any window, gives the states that each
of its sequences has alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from unseen.encode.trie import Ids, trie_of
from unseen.encode.trie_rows import trie_rows
from unseen.model.backbone import base_of
from unseen.trie.attention import TrieAttention, TrieInputs, implementation_of
from unseen.trie.cpu_attention import ATTENTION
from unseen.trie.small_copy import VOCABULARY, WINDOW, small_copy, undisturbed

TOLERANCE = 1e-5  # of a state's norm, in float32
IMPLEMENTATIONS = ("sdpa", "eager", "flex_attention", ATTENTION)
KINDS = {"full_attention": False, "sliding_attention": True}  # transformers' names; whether a window cuts them

Windows = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Plain:
    """The model runs row by row and nothing is shared; `reason` is why, one line."""

    reason: str


def trie_attention(module: Any) -> TrieAttention | Plain:
    """How the layers of `module`, a transformers model with or without PEFT, read a trie; `Plain` when they cannot.

    Costs a few forward passes of a small model; callers keep what it returns. The module is not changed.

    Mixtures of experts: the router's auxiliary loss counts tokens, so sharing would change it. It is never part of
    our loss, which reads states or logits alone; a configuration that demands it (`output_router_logits`) is
    nevertheless not run shared.
    """
    base = base_of(module)
    refusal = _refusal(module, base)
    if refusal:
        return Plain(refusal)
    config = base.config.get_text_config()
    with undisturbed(torch.device("cpu")):
        return _tried(base, config)


def _tried(base: Any, config: Any) -> TrieAttention | Plain:
    try:
        copy = small_copy(base)
    except Exception as error:  # transformers raises whatever a configuration leads it to
        return Plain(f"no small copy of it can be made ({short(error)})")
    small = suggested_windows(copy.config.get_text_config())
    for windows, shrunk in zip(suggested_windows(config), small, strict=True):
        disagreement = _disagreement(copy, TrieAttention(shrunk))
        if not disagreement:
            return TrieAttention(windows)
    return Plain(disagreement if _takes_positions(base) else f"{disagreement}; its forward names no position_ids")


def _refusal(module: Any, base: Any) -> str:
    """Why a trie is not even tried; empty when it is."""
    config = base.config.get_text_config()
    if base.config.is_encoder_decoder:
        return "it is an encoder-decoder, which counts positions from the index"
    if getattr(getattr(module, "active_peft_config", None), "is_prompt_learning", False):
        return "its adapter puts virtual tokens before every row"
    if getattr(config, "output_router_logits", False):
        return "its configuration demands the router's auxiliary loss, which counts tokens (output_router_logits)"
    unknown = sorted(set(getattr(config, "layer_types", None) or ()) - set(KINDS))
    if unknown:
        return f"it has layers that take no mask of ours ({', '.join(unknown)})"
    if implementation_of(base) not in IMPLEMENTATIONS:
        return f"its attention is {implementation_of(base)}, which takes no mask"
    return ""


def suggested_windows(config: Any) -> list[Windows]:
    """The ways in which a model of this configuration may take masks, the likeliest first."""
    window = getattr(config, "sliding_window", None)
    kinds = dict.fromkeys(getattr(config, "layer_types", None) or ())
    by_kind: Windows = {kind: window if KINDS[kind] else None for kind in kinds}
    if len(by_kind) > 1:
        return [by_kind]
    single = [by_kind[kind] for kind in by_kind] or [window]
    ways: list[Windows] = [{"": each} for each in dict.fromkeys([*single, None, window])]
    return [*ways, by_kind] if by_kind else ways


def _disagreement(copy: Any, attention: TrieAttention) -> str:
    """How a trie differs from rows in the small model; empty when it does not."""
    try:
        difference = max(relative_difference(each, attention, branching_rows()) for each in (copy.base_model, copy))
    except Exception as error:
        return f"a small copy of it fails on a trie ({short(error)})"
    if difference < TOLERANCE:
        return ""
    return f"a small copy of it reads a trie otherwise than its rows (relative difference {difference:.1g})"


def branching_rows(branches: int = 1) -> list[list[Ids]]:
    """Token sequences that become a trie each: one whose trunk, branches and branches of branches are longer than the
    small copy's window, beside branches of a few tokens, and a shorter one, which is padded."""
    draw = np.random.default_rng(0)

    def after(start: Ids, count: int) -> Ids:
        return np.concatenate([start, draw.integers(1, VOCABULARY, count).astype(np.int32)])

    nothing = np.empty(0, dtype=np.int32)
    trunk, short_trunk = after(nothing, WINDOW + 3), after(nothing, 4)
    deep = [after(trunk, WINDOW + 3) for _ in range(branches)]
    leaves = [after(each, count) for each in deep for count in (WINDOW + 3, 2, 5)]
    return [[*leaves, after(trunk, WINDOW + 3)], [after(short_trunk, 3), after(short_trunk, 2)]]


def relative_difference(network: Any, attention: TrieAttention, rows: Sequence[Sequence[Ids]]) -> float:
    """The largest difference between a state in the trie and that of its sequence alone, over the latter's norm."""
    with torch.no_grad():
        states, truth = states_in_trie(network, attention, rows), states_alone(network, rows)
    difference = (states - truth).norm(dim=-1) / truth.norm(dim=-1)
    return float(difference.nan_to_num(nan=torch.inf).max())


def states_in_trie(network: Any, attention: TrieAttention, rows: Sequence[Sequence[Ids]]) -> torch.Tensor:
    """The states of every sequence, but for its last token's, read off a trie of each row: [states, width]."""
    tries = [trie_of(row, [np.ones(len(each), dtype=np.float32) for each in row]) for row in rows]
    arrays = trie_rows(tries)
    device = next(network.parameters()).device
    places = [trie.asked + start for trie, start in zip(tries, arrays.starts.tolist(), strict=False)]
    states = attention.run(network, TrieInputs.of(arrays).to(device))
    return states[torch.from_numpy(np.concatenate(places)).to(device)]


def states_alone(network: Any, rows: Sequence[Sequence[Ids]]) -> torch.Tensor:
    """The same, each sequence run as one row without a mask."""
    device = next(network.parameters()).device
    inputs = [torch.from_numpy(each[None].astype(np.int64)).to(device) for row in rows for each in row]
    return torch.cat([network(input_ids=ids, use_cache=False)[0][0, :-1] for ids in inputs])


def _takes_positions(base: Any) -> bool:
    return "position_ids" in inspect.signature(base.forward).parameters


def short(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
