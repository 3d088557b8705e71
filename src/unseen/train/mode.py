"""The state that a model is tuned in: training mode, no dropout but LoRA's, activations recomputed if asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from unseen.model.backbone import base_of
from unseen.recipe import TrainSettings


@contextmanager
def tuning_mode(module: Any, settings: TrainSettings, device: torch.device) -> Iterator[None]:
    """The model in training mode, without dropout, with gradient checkpointing if asked; as it was at the end.

    Random numbers drawn inside leave the caller's generators alone.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices), without_dropout(module), without_cache(module):
        module.train()
        if settings.gradient_checkpointing:
            _checkpointing(base_of(module), "enable")({"use_reentrant": False})
        try:
            yield
        finally:
            module.eval()
            if settings.gradient_checkpointing:
                _checkpointing(base_of(module), "disable")()


def _checkpointing(base: Any, verb: str) -> Any:
    """transformers' method, by the name that it has had since 5.20 or by the one before."""
    return getattr(base, f"activation_checkpointing_{verb}", None) or getattr(base, f"gradient_checkpointing_{verb}")


@contextmanager
def without_dropout(module: Any) -> Iterator[None]:
    """Every dropout of the model off, LoRA's excepted (which is asked for by `train.dropout`); restored at the end.

    Families keep rates in `Dropout` modules, in attributes of their layers and in their configuration.
    """
    holders = [each for name, each in module.named_modules() if "lora_dropout" not in name]
    with _changed([(each, key) for each in [*holders, *_configs(module)] for key in _rates(each)], 0.0):
        yield


@contextmanager
def without_cache(module: Any) -> Iterator[None]:
    """No attention cache where nobody says: BART's encoder takes `use_cache` from its configuration alone, and
    transformers would warn that gradient checkpointing does not go with it."""
    with _changed([(each, "use_cache") for each in _configs(module) if "use_cache" in vars(each)], False):
        yield


@contextmanager
def _changed(places: Sequence[tuple[Any, str]], value: Any) -> Iterator[None]:
    """Attributes with another value inside."""
    before = [(vars(holder), key, vars(holder)[key]) for holder, key in places]
    try:
        for place, key, _ in before:
            place[key] = value
        yield
    finally:
        for place, key, own in before:
            place[key] = own


def _configs(module: Any) -> list[Any]:
    return list({id(each.config): each.config for each in module.modules() if hasattr(each, "config")}.values())


def _rates(holder: Any) -> list[str]:
    """Names of the dropout rates that `holder` keeps."""
    named = [key for key, value in vars(holder).items() if "drop" in key and isinstance(value, float)]
    return [*named, "p"] if isinstance(holder, torch.nn.Dropout) else named
