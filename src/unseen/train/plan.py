"""Which examples belong to each optimizer step, and how much the step weighs. Numpy only, no torch."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.encode.encoded import Encoded
from unseen.errors import DataMistake
from unseen.recipe import TrainSettings


@dataclass(frozen=True, slots=True, eq=False)
class StepPlan:
    """The examples of a run, in the order that they are tuned on, cut into optimizer steps.

    `draws` int64 [draws]: index of an example in the store; an example that is drawn twice stands twice.
    `weights` float64 [steps]: the supervised weight of each step, by which its loss is divided, so that neither
    micro-batches nor ranks nor short answers change what an example counts. The last step may be a partial one.
    """

    draws: NDArray[np.int64]
    weights: NDArray[np.float64]
    examples_per_step: int
    epoch_length: int

    def __len__(self) -> int:
        return len(self.weights)

    def step(self, number: int) -> NDArray[np.int64]:
        """Indices of the examples of step `number`, counted from 0."""
        start = number * self.examples_per_step
        return self.draws[start : start + self.examples_per_step]

    def epoch(self, number: int) -> float:
        """How many epochs are done after step `number`."""
        return min((number + 1) * self.examples_per_step, len(self.draws)) / self.epoch_length

    @property
    def digest(self) -> str:
        """Hex digest of what is drawn and in which steps."""
        content = hashlib.sha256(f"{self.examples_per_step}:{self.epoch_length}:".encode())
        content.update(np.ascontiguousarray(self.draws).tobytes())
        content.update(np.ascontiguousarray(self.weights).tobytes())
        return content.hexdigest()


def count_draws(settings: TrainSettings, epoch_length: int) -> int:
    """How many draws a run takes: `examples`, else `steps` full steps, else `epochs` times the length, rounded up."""
    if settings.examples is not None:
        return settings.examples
    if settings.steps is not None:
        return settings.steps * settings.examples_per_step
    return math.ceil(settings.epochs * epoch_length)


def supervised_weight(example: Encoded) -> float:
    """Summed loss weight of the tokens that can be predicted: all but the first, which nothing comes before."""
    return float(example.weights[1:].sum(dtype=np.float64))


def plan_steps(
    draws: Iterable[int], examples: Sequence[Encoded], settings: TrainSettings, epoch_length: int
) -> StepPlan:
    """The steps of a run over the first `count_draws` of `draws`, which are indices into `examples`.

    Raises `DataMistake` when the draws run out, or naming an example that has no supervised token.
    """
    wanted = count_draws(settings, epoch_length)
    chosen = np.fromiter(_first(draws, wanted), dtype=np.int64)
    if len(chosen) < wanted or wanted == 0:
        remedy = "add rows, or lower train.steps or train.epochs"
        raise DataMistake("", f"the run needs {wanted} examples and only {len(chosen)} were drawn", remedy)
    used, where = np.unique(chosen, return_inverse=True)
    each = np.array([check_supervised(examples[int(index)]) for index in used], dtype=np.float64)[where]
    starts = np.arange(0, len(chosen), settings.examples_per_step)
    return StepPlan(chosen, np.add.reduceat(each, starts), settings.examples_per_step, epoch_length)


def _first(draws: Iterable[int], count: int) -> Iterable[int]:
    for _, draw in zip(range(count), draws, strict=False):
        yield draw


def check_supervised(example: Encoded) -> float:
    """`supervised_weight`; raises `DataMistake` naming an example that has none."""
    weight = supervised_weight(example)
    if not weight > 0:
        raise DataMistake(example.id, "has no supervised token", "give it a completion, or leave the row out")
    return weight
