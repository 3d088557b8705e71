"""What a study compares and how it decides, as it said before it ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from unseen.evaluation.intervals import Floats

Of = Literal["score", "iqr", "range"]
OVER_TEMPLATES = ("median", "mean", "iqr", "range")


@dataclass(frozen=True, slots=True)
class Rule:
    """The measure: a side's scores by a metric at a number of shots (each arm's `own` first one, when that is what the
    arms differ in), of the tuned model or of what tuning changed.

    `of` says what is compared: the score (over a task's templates the `templates`: median or mean), or how far it
    spreads over the templates (`iqr`, `range`); over tasks it is the mean. `over` is what the claim is about, `auto`
    unless the study says otherwise. `smallest` is the smallest difference of interest, in points; `level` the error
    allowed for all comparisons together.
    """

    side: str = "unseen"
    metric: str = "first"
    model: Literal["tuned", "difference"] = "tuned"
    shots: int | Literal["own"] = 0
    of: Of = "score"
    templates: Literal["median", "mean"] = "median"
    over: Literal["auto", "clusters", "tasks", "rows"] = "auto"
    smallest: float = 2.0
    level: float = 0.05

    @property
    def statistic(self) -> str:
        """What is taken over a task's templates."""
        return self.templates if self.of == "score" else self.of


def rule_of(study: Mapping[str, Any]) -> Rule:
    """The rule in study.json."""
    said = {**study.get("measure", {}), **study.get("decision", {})}
    return Rule(**{name: said[name] for name in Rule.__slots__ if name in said})


def over_templates(scores: Floats, statistic: str) -> Floats:
    """`statistic` of `scores` [..., templates] over the templates that have a score."""
    some_absent = bool(np.isnan(scores).any())  # numpy's functions that pass over NaN are up to 100 times slower
    if statistic == "median":
        return np.asarray((np.nanmedian if some_absent else np.median)(scores, axis=-1))
    if statistic == "mean":
        return np.asarray(np.nanmean(scores, axis=-1))
    if statistic == "range":
        return np.asarray(np.nanmax(scores, axis=-1) - np.nanmin(scores, axis=-1))
    upper, lower = (np.nanpercentile if some_absent else np.percentile)(scores, [75, 25], axis=-1)
    return np.asarray(upper - lower)
