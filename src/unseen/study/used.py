"""How much of a number that a study varies its arms used, where a recipe says only how much at most: a task may have
fewer rows, and a short run may draw fewer tasks, than were asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unseen.study.results import ArmResult
from unseen.task.variants import base_name

Counts = Mapping[str, Any]
UNTOLD = ("evaluate.templates",)  # what a recipe gives as the most of it, and no record counts


def used(axis: str, asked: float, runs: Sequence[ArmResult]) -> float | None:
    """The mean over an arm's `runs` of what their records count of `axis`, to a tenth; `asked` where that is always
    what is used, or where there are no runs yet; nothing by an arm that was not tuned; None where no record says."""
    if axis not in CAPPED or not runs:
        return asked
    if all(run.work == "ask" for run in runs):
        return 0.0
    counts = [run.record.get("counts") or {} for run in runs]
    if axis in UNTOLD or not all(each.get("drawn") and each.get("rows") for each in counts):
        return None
    if axis in TEMPLATES and not all(each.get("templates") for each in counts):  # runs older than its counting
        return None
    return round(sum(COUNTED[axis](each) for each in counts) / len(counts), 1)


def _tasks(counts: Counts) -> float:
    return float(len(counts["drawn"]))


def _clusters(counts: Counts) -> float:
    return float(len({task.partition("/")[0] for task in counts["drawn"]}))


def _rows(counts: Counts) -> float:
    """Of a dataset, on average: those that are tuned on, or as many of them as were drawn (no row comes again before
    the others did)."""
    drawn: dict[str, int] = {}
    for task, number in counts["drawn"].items():
        drawn[base_name(task)] = drawn.get(base_name(task), 0) + number
    there = {name: int(counts["rows"][name]["tuned_on"]) for name in drawn}
    return sum(min(number, there[name]) for name, number in drawn.items()) / len(drawn)


def _templates(counts: Counts) -> float:
    """Of a task as it is asked, not turned around, on average."""
    own = [number for task, number in counts["templates"].items() if task == base_name(task)] or [0]
    return float(sum(own) / len(own))


TEMPLATES = ("templates", "templates.per_task")
COUNTED = {
    "tasks": _tasks,
    "clusters": _clusters,
    "rows": _rows,
    "mixture.rows": _rows,
    **dict.fromkeys(TEMPLATES, _templates),
}
CAPPED = (*COUNTED, *UNTOLD)
