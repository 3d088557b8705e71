"""A run in two stages: the tasks alone, then diverse data with a fraction of the tasks' examples among it.

This is dual-stage mixed fine-tuning (DMT, Dong et al. 2024, arXiv 2310.05492), a baseline of DELIA. Each stage is a
mixture of its own, so any position of the run can be computed without drawing what came before it. An epoch is a
stretch of the whole run: how many of its draws are `first` says where the second stage begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count, islice

from unseen.recipe import MixtureSettings
from unseen.task.mixture import Buffer, Draw, Mixture
from unseen.task.task import Task

FINEST = 2**16  # denominator of a share


@dataclass(frozen=True, slots=True)
class Stages:
    """`first` draws of `alone`, which knows the tasks and no diverse data, then draws of `mixed`, whose last task is
    the diverse data, with the others spread evenly among it. For each draw of the first stage come `ratio` diverse
    draws and `fraction` others."""

    alone: Mixture
    mixed: Mixture
    ratio: Fraction
    fraction: Fraction
    first: int = 0

    @classmethod
    def of(
        cls,
        tasks: Sequence[Task],
        sizes: Sequence[int],
        settings: MixtureSettings,
        templates: int,
        ratio: Fraction,
        fraction: Fraction,
        wanted: Callable[[int], int],
    ) -> Stages:
        """The stages over `tasks`, the last of which is diverse data, of a run that takes `wanted(epoch_length)` draws.

        Raises `TaskMistake` as `Mixture.of` does.
        """
        alone = Mixture.of(tasks[:-1], sizes[:-1], settings, templates)
        buffer = Buffer((ratio / fraction).limit_denominator(FINEST), "alternating")
        mixed = Mixture.of(tasks, sizes, settings, templates, buffer)
        largest = min(max(sizes[:-1]), settings.cap)
        mixed = replace(mixed, cap=max(1, round(largest * fraction)))  # its epochs are as long as the stage for a pass
        made = cls(alone, mixed, ratio, fraction)
        return replace(made, first=round(wanted(made.epoch_length) * made.share))

    @property
    def names(self) -> tuple[str, ...]:
        return self.mixed.names

    @property
    def share(self) -> Fraction:
        """Of all draws those of the first stage."""
        return 1 / (1 + self.ratio + self.fraction)

    @property
    def rates(self) -> tuple[float, ...]:
        """Share of the draws that each task gets, over both stages."""
        share = float(self.share)
        alone = (*self.alone.rates, 0.0)
        return tuple(share * one + (1 - share) * two for one, two in zip(alone, self.mixed.rates, strict=True))

    @property
    def epoch_length(self) -> int:
        """Draws of an epoch: one for each row of the tasks (as far as the cap goes) in the first stage, and what the
        second stage draws beside it."""
        return round(self.alone.epoch_length / self.share)

    def order(self, seed: int, epoch: int, start: int = 0) -> Iterator[Draw]:
        """The draws of an epoch, from position `start` on."""
        position = epoch * self.epoch_length + start
        wanted = self.epoch_length - start
        alone = max(0, min(wanted, self.first - position))
        yield from islice(_from(self.alone, seed, position), alone)
        yield from islice(_from(self.mixed, seed, position + alone - self.first), wanted - alone)


def _from(mixture: Mixture, seed: int, position: int) -> Iterator[Draw]:
    """The draws of a mixture from a position on, over all its epochs."""
    epoch, start = divmod(position, mixture.epoch_length)
    yield from mixture.order(seed, epoch, start)
    for later in count(epoch + 1):
        yield from mixture.order(seed, later)
