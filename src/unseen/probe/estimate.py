"""A number with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

WIDE = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval, for other examples like those that were measured."""

    value: float
    low: float
    high: float
