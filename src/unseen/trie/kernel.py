"""The attention that reads tries fastest where a model runs: ours on a CPU, FlexAttention on CUDA, else its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from unseen.encode.deal import ATTENTION_WIDTH, PATHS_WIDTH
from unseen.model.backbone import base_of
from unseen.trie.attention import TrieAttention, implementation_of
from unseen.trie.check import branching_rows, short, states_alone, states_in_trie
from unseen.trie.cpu_attention import ATTENTION, register
from unseen.trie.small_copy import WINDOW, small_copy, undisturbed

FLEX = "flex_attention"
TOLERANCE = {ATTENTION: 1e-4, FLEX: 5e-3}  # of the norm, in float32; on CUDA products may be TensorFloat-32
ROUNDED = 0.3  # of the norm, in half precision: it tells what does not run, or reads something else, from rounding
BRANCHES = 10  # of the trie that is tried, which so has 281 nodes: more than a block of either attention
DROPOUT_NAMES = ("attention_dropout", "attn_pdrop")

# torch compiles FlexAttention three times for each kind of layer, after which rows and widths are variables (eight
# shapes of one model: none after the third), and again without gradients. Past this many it would run uncompiled
# without an error, with the scores of all pairs in memory; torch's own limit, 8, is too near.
COMPILATIONS = 64


@dataclass(frozen=True, slots=True)
class Kernel:
    """An attention by its name in transformers. `reason` is why it is not the fastest there is, empty where it is."""

    name: str
    reason: str = ""


def kernel_of(
    module: Any, attention: TrieAttention, device: torch.device, autocast: torch.dtype | None = None
) -> Kernel:
    """The fastest attention that `module` can run with on `device`; the one that it has where no other agrees.

    A small copy on that device, running with the faster one, must give the states and gradients that its rows alone
    have with the module's own; under autocast to `autocast` too where that is given, since queries, keys and values
    then come in several dtypes. Ask before a module is wrapped or sharded. The module is not changed.
    """
    base = base_of(module)
    faster = FLEX if device.type == "cuda" else ATTENTION
    with undisturbed(device):
        reason = _dropped(base) or refusal(base, device) or _disagreement(base, attention, faster, device, autocast)
    return Kernel(implementation_of(base), reason) if reason else Kernel(faster)


@contextmanager
def running(module: Any, kernel: Kernel) -> Iterator[None]:
    """`module` with the attention of `kernel`; as it was at the end.

    Stay inside until backward passes have ended: gradient checkpointing runs layers again during them.
    """
    base = base_of(module)
    before = implementation_of(base)
    limit = torch._dynamo.config.patch(recompile_limit=COMPILATIONS) if kernel.name == FLEX else nullcontext()
    with limit:
        _switch(base, kernel.name)
        try:
            yield
        finally:
            _switch(base, before)


def width_of(kernel: Kernel) -> int:
    """The width of a row at which attention costs as much as the rest of a position (see encode/deal.py)."""
    return PATHS_WIDTH if kernel.name in (FLEX, ATTENTION) else ATTENTION_WIDTH


def _switch(base: Any, name: str) -> None:
    if implementation_of(base) != name:
        base.set_attn_implementation(name)


def _dropped(base: Any) -> str:
    rates = (
        getattr(part, name, None) for part in (base.config, base.config.get_text_config()) for name in DROPOUT_NAMES
    )
    return "the model drops attention weights" if any(rates) else ""


def refusal(base: Any, device: torch.device) -> str:
    """Why no faster attention is even tried; empty when it is."""
    if not base._can_set_attn_implementation():
        return "the family has an attention of its own"
    if device.type == "cuda":
        return "" if base._supports_flex_attn else "the family does not take FlexAttention"
    if device.type != "cpu":
        return f"there is none for {device.type}"
    register()
    return "" if implementation_of(base) in ("sdpa", ATTENTION) else "the family does not take sdpa"


def _disagreement(
    base: Any, attention: TrieAttention, name: str, device: torch.device, autocast: torch.dtype | None
) -> str:
    """How a small copy that runs with the attention `name` differs from its rows alone; empty when it does not."""
    try:
        copy = small_copy(base).to(device)
        network, rows = copy.base_model, branching_rows(BRANCHES)
        truth = _read(network, states_alone(network, rows))
        copy.set_attn_implementation(name)
        if implementation_of(copy) != name:
            return f"the family does not take {name}"
        for dtype, tolerance in ((None, TOLERANCE[name]), (autocast, ROUNDED))[: 1 if autocast is None else 2]:
            with torch.autocast(device.type, dtype, enabled=dtype is not None):
                ours = _read(network, states_in_trie(network, _shrunk(attention), rows))
            difference = max(float((mine - true).norm() / true.norm()) for mine, true in zip(ours, truth, strict=True))
            if not difference < tolerance:
                return f"{name} differs on a small copy (relative {difference:.1g}{_under(dtype)})"
    except Exception as error:  # compilers and kernels raise whatever they meet
        return f"{name} failed on a small copy ({short(error)})"
    return ""


def _under(dtype: torch.dtype | None) -> str:
    return "" if dtype is None else f" under autocast to {str(dtype).removeprefix('torch.')}"


def _read(network: Any, states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """States, and the gradient of their product with fixed random numbers for the input embeddings."""
    drawn = torch.randn(states.shape, generator=torch.Generator().manual_seed(0)).to(states.device)
    gradient = torch.autograd.grad((states * drawn).sum(), network.get_input_embeddings().weight)[0]
    return states.detach(), gradient


def _shrunk(attention: TrieAttention) -> TrieAttention:
    """The same, with the windows of a small copy."""
    return TrieAttention({kind: each and min(each, WINDOW) for kind, each in attention.windows.items()})
