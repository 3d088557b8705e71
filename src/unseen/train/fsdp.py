"""Fully sharded data parallelism (FSDP2, torch's `fully_shard`): every rank holds a part of each weight, of its
gradient and of the optimizer's state, and gathers a layer's weights while it computes with them."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from unseen.errors import RecipeMistake
from unseen.recipe import TrainSettings
from unseen.train.checkpoint import Write
from unseen.train.ranks import Ranks, check_sharding, dealt_in_rounds
from unseen.train.shards import write_shards
from unseen.train.step import TrainStep


@dataclass(frozen=True, slots=True, eq=False)
class Sharded:
    """Every rank meets the others in every layer, so all run equally many micro-batches, and the gradients of each are
    summed into the parts at once: whole gradients of all layers, kept until the step ends, would not fit.

    `outline` is the model without its weights.
    """

    outline: Any
    accelerator: Any
    ranks: Ranks
    write: Write = write_shards

    def wrapped(self, step: TrainStep) -> Any:
        """Layers one by one, then the step as the root, which holds the rest: embedding, last norm and head."""
        mesh = init_device_mesh(self.accelerator.device.type, (self.ranks.count,))
        for layer in layers_of(step.module):
            fully_shard(layer, mesh=mesh)
        return fully_shard(step, mesh=mesh)

    def shares(self, costs: Sequence[int]) -> list[list[int]]:
        return dealt_in_rounds(costs, self.ranks.count)

    def rounds(self, shares: Sequence[Sequence[int]]) -> int:
        return max(map(len, shares))

    @contextmanager
    def together(self, step: Any, last: bool) -> Iterator[None]:
        """T5's blocks return their position bias as a view, which FSDP2 warns of: changed in place it would lose its
        hook. transformers does not change it, and the gradients are compared with those of one process."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view", category=UserWarning)
            yield

    def whole(self, module: Any) -> Any:
        """The outline filled with the gathered weights, as a plain module that no rank needs another one to use."""
        return filled(self.outline, {name: whole(each) for name, each in module.named_parameters()})


def sharded(settings: TrainSettings, module: Any, accelerator: Any, ranks: Ranks) -> Sharded:
    """Raises `RecipeMistake` for what cannot be sharded."""
    check_sharding(settings)
    if any(not parameter.is_floating_point() for parameter in module.parameters()):
        raise RecipeMistake(
            "train.sharding", "is fsdp, which does not cut quantised weights", "load the model unquantised"
        )
    return Sharded(outline_of(module), accelerator, ranks)


def layers_of(module: Any) -> Iterator[Any]:
    """The members of every outermost list of modules: decoder layers, or blocks of an encoder and of a decoder."""
    for child in module.children():
        if isinstance(child, torch.nn.ModuleList):
            yield from child
        else:
            yield from layers_of(child)


def outline_of(module: Any) -> Any:
    """A copy of `module` with its buffers, and without its weights: parameters on the meta device, tied ones tied."""
    kept = {id(buffer): buffer for buffer in module.buffers()}
    empty = {id(each): _on_meta(each) for each in module.parameters()}
    return copy.deepcopy(module, {**kept, **empty})


def filled(outline: Any, weights: dict[str, torch.Tensor]) -> Any:
    """A copy of `outline` whose parameters are `weights`, by their names."""
    kept = {id(buffer): buffer for buffer in outline.buffers()}
    real = {
        id(each): torch.nn.Parameter(weights[name], requires_grad=each.requires_grad)
        for name, each in outline.named_parameters()
    }
    return copy.deepcopy(outline, {**kept, **real})


def whole(parameter: torch.Tensor) -> torch.Tensor:
    """A parameter's value, gathered from all ranks where it is sharded; a collective."""
    value = parameter.detach()
    return value.full_tensor() if isinstance(value, DTensor) else value


def _on_meta(parameter: torch.Tensor) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.empty_like(parameter, device="meta"), requires_grad=parameter.requires_grad)
