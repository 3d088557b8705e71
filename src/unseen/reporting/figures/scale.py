"""A horizontal scale in per cent of a figure's width, so that figures stretch without stretching dots and text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

EDGE = 2.0  # per cent left free at either end, so that a dot at the limit is whole


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high`, left to right."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Per cent of the width; values beyond the ends stand at the ends."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return EDGE + share * (100 - 2 * EDGE)

    def at(self, value: float) -> str:
        return f"{self.place(value):.2f}%"

    def width(self, low: float, high: float) -> str:
        return f"{self.place(high) - self.place(low):.2f}%"

    def ticks(self, wanted: int = 5) -> list[float]:
        """About `wanted` round values between the ends."""
        step = round_step((self.high - self.low) / (wanted - 1))
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


SCORES = Scale(0.0, 100.0)


def around_zero(values: Iterable[float | None]) -> Scale:
    """A scale for differences: as far to the left as to the right, at least five points."""
    farthest = max((abs(value) for value in values if value is not None), default=0.0)
    end = max(5.0, ceil(farthest / 5) * 5.0)
    return Scale(-end, end)


def round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `least`."""
    power = 10.0 ** floor(log10(least))
    return next(times * power for times in (1, 2, 2.5, 5, 10) if times * power >= least * (1 - 1e-9))
