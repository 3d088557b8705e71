"""What a probe tells: a sentence, a picture, a table, all numbers, and what to know about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from unseen.probe.divergence import Mean
from unseen.probe.estimate import Estimate
from unseen.reporting.figures.panels import Panel
from unseen.reporting.numbers import Ends, plain
from unseen.study.fingerprint import versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`caveats` are said below the sentence; `points` is every point that was measured, as JSON has it; `heads` and
    `lines` are the table of what the `panels` draw."""

    probe: str
    sentence: str
    caveats: Sequence[str]
    settings: Mapping[str, Any]
    counts: Mapping[str, Any]
    models: Mapping[str, Any]
    versions: Mapping[str, str] = field(default_factory=versions)
    points: Mapping[str, Any]
    heads: Sequence[str]
    lines: Sequence[Sequence[str]]
    panels: Sequence[Panel]


def number(value: float, digits: int = 3) -> str:
    """To so many significant digits: 0.0123, 4.56, 123."""
    from math import floor, log10

    if value == 0 or value != value:
        return plain(value, 0) if value == 0 else "no number"
    return plain(value, max(0, digits - 1 - floor(log10(abs(value)))))


def ends_of(found: Estimate | Mean) -> Ends:
    """None where one prompt or run gave no interval."""
    infinite = float("inf") in (found.high, -found.low)
    return None if infinite else (found.low, found.high)


def with_ends(found: Estimate | Mean, digits: int = 3) -> str:
    """4.56 [4.1, 5.0], or that there is no interval."""
    ends = ends_of(found)
    said = f"[{number(ends[0], digits)}, {number(ends[1], digits)}]" if ends else "(no interval)"
    return f"{number(found.value, digits)} {said}"
