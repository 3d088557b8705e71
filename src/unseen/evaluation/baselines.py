"""What a score is to be held against: chance, the majority class, and how often each label was said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unseen.evaluation.dictionaries import label_in
from unseen.evaluation.prediction import Prediction, Side
from unseen.evaluation.task_scores import label_of

LABEL = "last_value"


@dataclass(frozen=True, slots=True)
class Baseline:
    """Accuracies, 0..100, that need no model, over the rows asked of a choosing task.

    `chance` is that of drawing a choice, `majority` that of always giving the place that is most often right.
    """

    task: str
    side: Side
    chance: float
    majority: float
    count: int


@dataclass(frozen=True, slots=True)
class LabelBaseline:
    """The score, 0..100, of always giving the commonest label of the rows that a task was asked about, by a `metric`
    that reads a label out of a written answer."""

    task: str
    side: Side
    metric: str
    majority: float
    count: int


@dataclass(frozen=True, slots=True)
class LabelFrequency:
    """How often (0..1) each place among the choices was chosen, and was right.

    `largest` is the largest share chosen: near 1 while no share of `right` is, the model has collapsed onto one label.
    """

    task: str
    template: str
    side: Side
    model: str
    shots: int
    seed: int
    chosen: tuple[float, ...]
    right: tuple[float, ...]

    @property
    def largest(self) -> float:
        return max(self.chosen)


def baselines_of(predictions: Iterable[Prediction]) -> tuple[Baseline, ...]:
    """Baselines of every choosing task; each row counts once, as its first template lists the choices."""
    tasks: dict[tuple[str, Side], dict[tuple[str, int], Prediction]] = {}
    for each in predictions:
        if each.kind == "choose" and each.correct is not None and not each.plain:
            tasks.setdefault((each.task, each.side), {}).setdefault(each.row_id, each)
    return tuple(_baseline(task, side, list(rows.values())) for (task, side), rows in tasks.items())


def label_baselines_of(predictions: Iterable[Prediction]) -> tuple[LabelBaseline, ...]:
    """Of every task that `last_value` judges, over the rows that want a dictionary; each row counts once."""
    tasks: dict[tuple[str, Side], dict[tuple[str, int], str]] = {}
    for each in predictions:
        label = label_in(each.references[0]) if LABEL in each.metrics and each.references else None
        if label is not None:
            tasks.setdefault((each.task, each.side), {}).setdefault(each.row_id, label)
    return tuple(
        LabelBaseline(task, side, LABEL, 100 * max(Counter(rows.values()).values()) / len(rows), len(rows))
        for (task, side), rows in tasks.items()
    )


def _baseline(task: str, side: Side, rows: Sequence[Prediction]) -> Baseline:
    chance = sum(100 / len(row.choices) for row in rows) / len(rows)
    most = max(Counter(row.correct for row in rows).values())
    return Baseline(task, side, chance, 100 * most / len(rows), len(rows))


def label_frequencies(predictions: Iterable[Prediction]) -> tuple[LabelFrequency, ...]:
    """Label frequencies by task, template, model, shots and seed, of questions with a known right choice."""
    groups: dict[tuple[str, str, Side, str, int, int], list[Prediction]] = {}
    for each in predictions:
        if each.kind == "choose" and each.correct is not None:
            key = (each.task, each.template, each.side, label_of(each), each.shots, each.seed)
            groups.setdefault(key, []).append(each)
    return tuple(LabelFrequency(*key, *_shares(found)) for key, found in groups.items())


def _shares(rows: Sequence[Prediction]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    places = range(max(len(row.choices) for row in rows))
    chosen, right = Counter(row.chosen for row in rows), Counter(row.correct for row in rows)
    return tuple(chosen[p] / len(rows) for p in places), tuple(right[p] / len(rows) for p in places)
