"""How far apart the ways to ask a task are: the best one, the worst one, and the prompts that they ask.

Sclar et al. 2024 (arXiv 2310.11324) report the spread of a task, its best format's score less its worst one's. It is
the same number for templates, wordings and formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from unseen.evaluation.prediction import Prediction, Side
from unseen.evaluation.task_scores import ScoreRow, label_of


@dataclass(frozen=True, slots=True)
class Asking:
    """One way to ask: the template's or format's name, its score, 0..100, and what it asks of the first row."""

    template: str
    score: float
    prompt: str


@dataclass(frozen=True, slots=True)
class Extremes:
    """The worst and the best of `templates` ways to ask a task; `spread` is the distance of their scores."""

    task: str
    side: Side
    model: str
    shots: int
    seed: int
    metric: str
    templates: int
    spread: float
    median: float
    worst: Asking
    best: Asking


@dataclass(frozen=True, slots=True)
class ExemplarsShown:
    """How many exemplars prompts of `shots` held after fitting to length: their mean, and how many prompts had all."""

    task: str
    side: Side
    model: str
    shots: int
    mean: float
    whole: int
    prompts: int


def extremes_of(rows: Iterable[ScoreRow], predictions: Iterable[Prediction]) -> tuple[Extremes, ...]:
    """The extremes of every task that was asked in two ways or more; of equal scores the earlier way counts."""
    prompts = _first_prompts(predictions)
    groups: dict[tuple[str, Side, str, int, int, str], list[ScoreRow]] = {}
    for row in rows:
        if row.task is not None and row.template is not None and row.seed is not None:
            groups.setdefault((row.task, row.side, row.model, row.shots, row.seed, row.metric), []).append(row)
    return tuple(_extremes(key, found, prompts) for key, found in groups.items() if len(found) > 1)


def _extremes(
    key: tuple[str, Side, str, int, int, str], rows: Sequence[ScoreRow], prompts: dict[tuple[object, ...], str]
) -> Extremes:
    def asking(row: ScoreRow) -> Asking:
        return Asking(str(row.template), row.score, prompts.get((*key[:5], row.template), ""))

    worst, best = min(rows, key=lambda row: row.score), max(rows, key=lambda row: row.score)
    median = float(np.median([row.score for row in rows]))
    return Extremes(*key, len(rows), best.score - worst.score, median, asking(worst), asking(best))


def _first_prompts(predictions: Iterable[Prediction]) -> dict[tuple[object, ...], str]:
    prompts: dict[tuple[object, ...], str] = {}
    for each in predictions:
        place = each.task, each.side, label_of(each), each.shots, each.seed, each.template
        prompts.setdefault(place, each.prompt)
    return prompts


def exemplars_shown(predictions: Iterable[Prediction]) -> tuple[ExemplarsShown, ...]:
    """Of every task, model and number of shots above 0, as far as the predictions know it."""
    groups: dict[tuple[str, Side, str, int], list[int]] = {}
    for each in predictions:
        if each.shots and each.shown is not None:
            groups.setdefault((each.task, each.side, label_of(each), each.shots), []).append(each.shown)
    return tuple(
        ExemplarsShown(*key, float(np.mean(shown)), sum(number == key[3] for number in shown), len(shown))
        for key, shown in groups.items()
    )
