"""The identity of a model in memory: a digest of its parameters, buffers and configuration.

Taken from the tensors themselves, not from the files that they came from: a model that was tuned, merged, cast or given
an adapter since it was loaded is another model.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import torch

# Where the configuration was read and by which version says nothing about what the model computes.
NOT_CONTENT = ("_name_or_path", "transformers_version", "_attn_implementation", "use_cache")


def contents_digest(module: Any) -> str:
    """SHA-256, in hex, over configuration, adapter switches, names, dtypes, shapes and values; 1 to 2 GB/s."""
    digest = sha256(json.dumps([_configuration(module), _switches(module)], sort_keys=True, default=repr).encode())
    for name, tensor in _tensors(module):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        flat = tensor.detach().cpu().contiguous().flatten()
        digest.update(memoryview(flat.view(torch.uint8).numpy()) if flat.numel() else b"")
    return digest.hexdigest()


def change_stamp(module: Any) -> tuple[Any, ...]:
    """Changes whenever a tensor is replaced or written in place (torch counts those), or an adapter switched; fast."""
    tensors = tuple((tensor.data_ptr(), tensor._version, tensor.dtype) for _, tensor in _tensors(module))
    return (tensors, repr(_switches(module)))


def _tensors(module: Any) -> list[tuple[str, torch.Tensor]]:
    return sorted([*module.named_parameters(), *module.named_buffers()], key=lambda named: named[0])


def _configuration(module: Any) -> dict[str, Any]:
    return {name: value for name, value in module.config.to_dict().items() if name not in NOT_CONTENT}


def _switches(module: Any) -> list[tuple[Any, ...]]:
    """Of every PEFT layer what its tensors do not say: whether it is off, which adapters act, and how strongly."""
    return [
        (name, layer.disable_adapters, list(layer.active_adapters), getattr(layer, "scaling", None))
        for name, layer in module.named_modules()
        if isinstance(getattr(layer, "disable_adapters", None), bool)  # a model has a method of this name
    ]
