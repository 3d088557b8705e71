"""How many questions a run asks, and how the number comes about: rows, templates, models and exemplars of each task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from unseen.evaluation.evaluate import draws_of
from unseen.evaluation.prediction import Side
from unseen.evaluation.rows import asked_split
from unseen.study.asking import settings_of
from unseen.study.prepare import Prepared
from unseen.study.reworded import LOOKED_AT
from unseen.study.settings import Work
from unseen.study.sides import sides_of
from unseen.task.rewording import distinct_ways
from unseen.task.task import Task


@dataclass(frozen=True, slots=True)
class TaskQuestions:
    """At most what a task of a side is asked: each of `rows` through `templates` by `models` models, and through
    `plain` plain prompts by the base model alone, all of it `draws` times, with other exemplars or more of them."""

    task: str
    side: Side
    rows: int
    templates: int
    models: int
    plain: int
    draws: int

    @property
    def questions(self) -> int:
        return self.rows * (self.templates * self.models + self.plain) * self.draws

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"questions": self.questions}


def asked_of(prepared: Prepared, work: Work = "tune") -> Iterator[TaskQuestions]:
    """What every task of either side is asked at most."""
    settings = settings_of(prepared)
    asks_base = work == "ask" or settings.base
    models = 2 if work == "tune" and settings.base else 1
    for side, tasks in sides_of(prepared):
        for task in tasks:
            split = asked_split(task, side, prepared.rows)
            rows = len(prepared.rows(task, split)) if split else 0
            yield TaskQuestions(
                task=task.name,
                side=side,
                rows=min(rows, settings.rows_of(side) or rows),
                templates=_ways(prepared, task, split, settings),
                models=models,
                plain=min(settings.templates, len(task.plain)) if asks_base and settings.plain_base else 0,
                draws=len(draws_of(settings)),
            )


def questions(prepared: Prepared, work: Work = "tune") -> dict[str, int]:
    """At most how many questions each side is asked."""
    return by_side(asked_of(prepared, work))


def by_side(asked: Iterable[TaskQuestions]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for each in asked:
        found[each.side] += each.questions
    return dict(found)


def _ways(prepared: Prepared, task: Task, split: str | None, settings: Any) -> int:
    """How many ways to ask are left of a task's templates; that some ask alike is judged by its first rows."""
    ways = range(len(task.templates))[: settings.templates]
    rows = tuple(islice(prepared.rows(task, split), LOOKED_AT)) if split else ()
    return len(distinct_ways(task, ways, rows)) or 1
