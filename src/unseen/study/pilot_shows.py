"""What a pilot tells of its study: the differences that so many seeds and rows would show and decide about."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.errors import DataMistake
from unseen.evaluation.rows import asked_split
from unseen.recipe import Recipe
from unseen.study.arms import Arm
from unseen.study.pooling import FEWEST_ARMS
from unseen.study.prepare import TaskRows
from unseen.study.selected import selected_tasks
from unseen.study.study_file import Study
from unseen.task.catalog import load_catalog

if TYPE_CHECKING:
    from unseen.study.power import Pilot


@dataclass(frozen=True, slots=True)
class Seconds:
    """What one seed of all arms takes here: whatever the rows that are asked, and for asking them."""

    fixed: float
    asking: float


@dataclass(frozen=True, slots=True)
class RowsThere:
    """How many rows there are to ask of each unseen task."""

    of_tasks: tuple[int, ...]

    def asked(self, most: int | None) -> float:
        """Rows of a task, on average, where at most so many are asked."""
        asked = [min(number, most or number) for number in self.of_tasks]
        return max(sum(asked) / max(len(asked), 1), 1.0)

    def most(self, mean: float) -> int:
        """The largest `evaluate.rows` with which no more than `mean` rows of a task are asked; 0 where one is more."""
        return bisect_right(range(1, max(self.of_tasks, default=1) + 1), mean, key=self.asked)


def what_pilot_shows(study: Study, arms: Sequence[Arm], folder: Path, seconds: Seconds) -> dict[str, Any]:
    """The smallest difference, in points, that the study would show in 80 of 100 cases, and the one that it would
    decide about either way, by the variances of the finished comparisons in `folder`: of those arms that this study has
    too, of all where it has none of them. `by_arm` has the second by each of them alone, since a mean says little of
    comparisons on other tasks. And the same of the best number of seeds and rows for which its budget is enough.
    `arms` are the study's with its first seed.

    Raises `DataMistake` where the folder is no study's, or has nothing that could be compared.
    """
    from unseen.study.power import decided_width, together

    level, family = study.said.decision.level, _family(arms)
    alone = {name: replace(each, level=level, family=family) for name, each in _pilots(folder, arms).items()}
    pilot = together(list(alone.values()))
    rows, seeds = _rows_there(arms[0].recipe), len(study.said.seeds)
    compared, most = sum(arm.against is not None for arm in arms), arms[0].recipe.evaluate.rows
    return {
        "folder": str(folder),
        "pilot": {"seeds": pilot.seeds, "tasks": pilot.tasks, "rows": pilot.rows},
        "seeds": seeds,
        "tasks": max(len(rows.of_tasks), 1),
        "rows": round(rows.asked(most)),
        "comparisons": compared,
        "over": pilot.over,
        **_differences(pilot, seeds, compared, rows, most),
        "by_arm": {
            name: round(decided_width(each, seeds, compared, round(rows.asked(most))), 2)
            for name, each in alone.items()
        },
        "budget_allows": _allowed(pilot, study.said.budget.hours, compared, rows, most, seconds),
    }


def _pilots(folder: Path, arms: Sequence[Arm]) -> dict[str, Pilot]:
    """By arm, what the comparisons in `folder` tell of how numbers vary."""
    from unseen.study.results import read_results
    from unseen.study.verdict import analyse

    compared = analyse(read_results(folder)).arms
    found = {arm.name: arm.difference.pilot for arm in compared if arm.difference is not None}
    if not found:
        raise DataMistake(str(folder), "has no two arms that could be compared", "name a pilot that finished")
    names = {arm.name for arm in arms}
    return {name: each for name, each in found.items() if name in names} or found


def _differences(pilot: Pilot, seeds: int, compared: int, rows: RowsThere, most: int | None) -> dict[str, float]:
    from unseen.study.power import decided_width, smallest_difference

    size = seeds, compared, round(rows.asked(most)), max(len(rows.of_tasks), 1)
    return {
        "smallest_difference": round(smallest_difference(pilot, *size), 2),
        "decided_difference": round(decided_width(pilot, *size), 2),
    }


def _allowed(
    pilot: Pilot, hours: float | None, compared: int, rows: RowsThere, most: int | None, seconds: Seconds
) -> dict[str, float] | None:
    """Seeds and rows of a task that take no more than `hours` and decide about the smallest difference; None without
    a budget, or where it is not enough for two seeds of one row."""
    from unseen.study.power import SEEDS

    best = None
    for seeds in SEEDS if hours else ():
        left = 3600 * (hours or 0.0) / seeds - seconds.fixed
        affordable = rows.most(rows.asked(most) * left / seconds.asking if seconds.asking else inf) if left > 0 else 0
        if affordable:
            found = {"seeds": seeds, "rows": affordable, **_differences(pilot, seeds, compared, rows, affordable)}
            best = min(best or found, found, key=lambda each: each["decided_difference"])
    return best


def _family(arms: Sequence[Arm]) -> int:
    """How many tuned arms say together how seeds differ (pooling.py), in the comparison that has the fewest; 0 where
    one has too few."""
    tuned = {arm.name for arm in arms if arm.work == "tune"}
    pairs = [(arm.name in tuned and arm.against in tuned, arm.against) for arm in arms if arm.against is not None]
    sizes = [1 + pairs.count((True, other)) if both else 0 for both, other in pairs]
    return min(sizes, default=0) if min(sizes, default=0) >= FEWEST_ARMS else 0


def _rows_there(recipe: Recipe) -> RowsThere:
    rows, tasks = TaskRows(), selected_tasks(recipe, load_catalog(recipe.catalogs)).unseen
    return RowsThere(tuple(len(rows(task, split)) for task in tasks if (split := asked_split(task, "unseen", rows))))
