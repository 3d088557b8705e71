"""How the step is spread over ranks: each holds the whole model, or a part of it. Neither changes a result."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from unseen.recipe import TrainSettings
from unseen.train.checkpoint import Write, write_whole
from unseen.train.fsdp import sharded
from unseen.train.ranks import Ranks, dealt
from unseen.train.step import TrainStep


class Spread(Protocol):
    """What the loop asks of it. `accelerator` and `ranks` are those of the run, `write` is how its
    checkpoints are written."""

    @property
    def accelerator(self) -> Any: ...
    @property
    def ranks(self) -> Ranks: ...
    @property
    def write(self) -> Write: ...

    def wrapped(self, step: TrainStep) -> Any:
        """The module to call instead of `step`; `step` itself holds the parameters that are trained from here on."""
        ...

    def shares(self, costs: Sequence[int]) -> list[list[int]]:
        """Indices of each rank's micro-batches, which cost so much each."""
        ...

    def rounds(self, shares: Sequence[Sequence[int]]) -> int:
        """How many micro-batches a rank must run, silent ones if it has fewer, so that collectives match."""
        ...

    def together(self, step: Any, last: bool) -> AbstractContextManager[Any]:
        """Around a micro-batch; `last` says that it is this rank's last of the step, with which gradients are due."""
        ...

    def whole(self, module: Any) -> Any:
        """The tuned model, whole on every rank, out of the `module` that was tuned."""
        ...


def spread_of(settings: TrainSettings, module: Any, accelerator: Any, ranks: Ranks) -> Spread:
    """The spread that `train.sharding` asks for; `module` is the model as it is before tuning.

    Raises `RecipeMistake` where it cannot be had.
    """
    if settings.sharding == "fsdp":
        return sharded(settings, module, accelerator, ranks)
    return Replicated(accelerator, ranks)


@dataclass(frozen=True, slots=True)
class Replicated:
    """Data parallelism through accelerate: every rank holds the model, and gradients are averaged in the backward pass
    of a rank's last micro-batch, so that ranks need not have equally many; one that has none runs a silent one."""

    accelerator: Any
    ranks: Ranks
    write: Write = write_whole

    def wrapped(self, step: TrainStep) -> Any:
        return self.accelerator.prepare(step)

    def shares(self, costs: Sequence[int]) -> list[list[int]]:
        return dealt(costs, self.ranks.count)

    def rounds(self, shares: Sequence[Sequence[int]]) -> int:
        return 1

    def together(self, step: Any, last: bool) -> AbstractContextManager[Any]:
        return nullcontext() if last else self.accelerator.no_sync(step)

    def whole(self, module: Any) -> Any:
        return module
