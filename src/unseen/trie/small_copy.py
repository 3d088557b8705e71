"""A small random model of the same architecture: one layer of each kind, narrow where width changes no mask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch

from unseen.model.load import CONTEXT_NAMES

VOCABULARY = 64
WINDOW = 8
CONTEXT = 64  # positions, at least
NARROW = 64  # the inner width of feed-forward layers and experts
INNER_NAMES = ("intermediate", "ffn_dim", "ffn_hidden", "n_inner", "d_ff")


def small_copy(base: Any) -> Any:
    """A float32 model of the class of the transformers model `base`, on the CPU, in evaluation mode.

    It has two layers or, where they are of more kinds, one of each. Vocabulary, windows and the inner width of
    feed-forward layers are small; hidden size and heads stay, so that a model of 70 billion parameters is copied by
    one of half a billion. Random numbers come from a generator of its own.
    """
    config = small_config(base.config)
    with torch.random.fork_rng(devices=[]):
        copy = type(base)(config).float().eval()
    _draw(copy)
    return copy


@contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """float32 as it is written, with gradients, whatever the caller runs in."""
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast(device.type, enabled=False):
        yield


def small_config(config: Any) -> Any:
    """A shrunk copy of the configuration of a transformers model."""
    copy = deepcopy(config)
    if hasattr(copy, "quantization_config"):
        del copy.quantization_config
    for part in (copy, copy.get_text_config()):
        part.dtype = torch.float32
        _without_dropout(part)
    _shrink(copy.get_text_config())
    return copy


def _without_dropout(config: Any) -> None:
    for name, value in list(vars(config).items()):
        if isinstance(value, float) and ("drop" in name):
            setattr(config, name, 0.0)


def _shrink(config: Any) -> None:
    kept = _kept_layers(config)
    count = config.num_hidden_layers
    for name, value in list(vars(config).items()):
        if isinstance(value, list | tuple) and len(value) == count:
            setattr(config, name, type(value)(value[layer] for layer in kept))
        elif isinstance(value, bool) or not isinstance(value, int):
            continue
        elif name.endswith("_token_id"):
            setattr(config, name, 0)
        elif "window" in name or "chunk_size" in name:
            setattr(config, name, min(value, WINDOW))
        elif name in CONTEXT_NAMES:
            setattr(config, name, max(value, CONTEXT))
        elif any(part in name for part in INNER_NAMES):
            setattr(config, name, min(value, NARROW))
    if getattr(config, "n_inner", NARROW) is None:  # GPT-2 and its kin: four times the hidden size
        config.n_inner = NARROW
    config.num_hidden_layers, config.vocab_size = len(kept), VOCABULARY


def _kept_layers(config: Any) -> list[int]:
    """The first layer of each kind, at least two where there are two; a kind is what the lists by layer say."""
    count = config.num_hidden_layers
    lists = [each for each in vars(config).values() if isinstance(each, list | tuple) and len(each) == count]
    kinds = [repr([each[layer] for each in lists]) for layer in range(count)]
    first = {kind: layer for layer, kind in reversed(list(enumerate(kinds)))}
    return sorted(first.values()) if len(first) > 1 else list(range(min(count, 2)))


def _draw(copy: Any) -> None:
    """Matrices so large that attention is far from uniform: at the usual 0.02 a wrong mask would hardly be seen."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in copy.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0.0, parameter.shape[-1] ** -0.5, generator=generator)
