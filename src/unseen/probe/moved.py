"""How far parameters are from where they were: the L2 norm of the change over the norm of the start."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch

from unseen.errors import DataMistake


@dataclass(frozen=True, slots=True)
class Moved:
    """`distance` is |after - before| / |before| over all parameters, `linear` the same over matrices that are no
    embedding and no head: an adapter on the linear layers changes these alone."""

    distance: float
    linear: float


def moved(before: Any, after: Any) -> Moved:
    """Of two modules with the same parameters, adapters merged. A matrix that two layers share counts once."""
    then, now = dict(before.named_parameters()), dict(after.named_parameters())
    if [(name, each.shape) for name, each in then.items()] != [(name, each.shape) for name, each in now.items()]:
        raise DataMistake("moved", "the two models have other parameters", "compare a model with what it was tuned to")
    tables = {id(each.weight) for each in (before.get_input_embeddings(), before.get_output_embeddings()) if each}
    linear = [name for name, each in then.items() if each.dim() == 2 and id(each) not in tables]
    return Moved(_relative(then, now, list(then)), _relative(then, now, linear))


def _relative(then: dict[str, torch.Tensor], now: dict[str, torch.Tensor], names: list[str]) -> float:
    change = start = 0.0
    for name in names:
        before, after = (each[name].detach().cpu().double() for each in (then, now))
        change += float((after - before).square().sum())
        start += float(before.square().sum())
    return sqrt(change / start) if start else 0.0
