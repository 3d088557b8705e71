"""What a run found: base against tuned under every metric and number of shots, and the sentence that sums it up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unseen.evaluation.aggregate import Across
from unseen.evaluation.task_scores import ScoreRow
from unseen.reporting.figures.strips import effect
from unseen.reporting.numbers import Ends
from unseen.reporting.run_data import RunData

HEADLINES = {
    "better": "Tuning helped on the unseen tasks.",
    "worse": "Tuning hurt on the unseen tasks.",
    "open": "No effect of tuning on the unseen tasks could be shown.",
}

OTHERS = {
    frozenset({"open", "better"}): "it helped by another",
    frozenset({"open", "worse"}): "it hurt by another",
    frozenset({"open", "better", "worse"}): "others disagree with each other",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Base against tuned under one metric and number of shots; means over the tasks of a side that are not void."""

    side: str
    metric: str
    shots: int
    base: Across
    tuned: Across
    difference: Across

    @property
    def interval(self) -> tuple[float, float]:
        return self.difference.new_rows.low, self.difference.new_rows.high

    @property
    def effect(self) -> str:
        """better, worse or open."""
        return effect(self.interval)


def findings(run: RunData) -> list[Finding]:
    """Every comparison: unseen side first, then the metric of most tasks, then the fewest shots."""
    found = [
        Finding(*setting, models["base"], models["tuned"], models["difference"])
        for setting, models in by_setting(run.across).items()
        if {"base", "tuned", "difference"} <= set(models)
    ]
    metrics = list(dict.fromkeys(each.metric for each in found))
    return sorted(found, key=lambda f: (f.side != "unseen", -len(f.difference.tasks), metrics.index(f.metric), f.shots))


def unseen_findings(run: RunData) -> list[Finding]:
    return [each for each in findings(run) if each.side == "unseen"]


def headline(run: RunData) -> str:
    """One plain sentence."""
    unseen = unseen_findings(run)
    if unseen:
        return HEADLINES[unseen[0].effect].removesuffix(".") + _elsewhere(unseen)
    if not run.record.finished:
        return "This run is not finished."
    return "Nothing was compared on unseen tasks."


def _elsewhere(unseen: Sequence[Finding]) -> str:
    """What the other measures say, where they say something else than the first."""
    first, found = unseen[0].effect, {each.effect for each in unseen}
    if found == {first}:
        return "."
    if first == "open":
        return f" by the main measure; {OTHERS[frozenset(found)]}."
    if {"better", "worse"} <= found:
        return ", but another measure says the opposite."
    return ", though not by every measure."


def by_setting(across: Sequence[Across]) -> dict[tuple[str, str, int], dict[str, Across]]:
    """Means over tasks by (side, metric, shots), then by model."""
    found: dict[tuple[str, str, int], dict[str, Across]] = {}
    for each in across:
        found.setdefault((each.side, each.metric, each.shots), {})[each.model] = each
    return found


def settings(rows: Sequence[ScoreRow]) -> list[tuple[str, str]]:
    """(side, metric) in the order to show them: unseen side first, then the metric of most tasks."""
    tasks: dict[tuple[str, str], set[str | None]] = {}
    for row in rows:
        tasks.setdefault((row.side, row.metric), set()).add(row.task)
    return sorted(tasks, key=lambda each: (each[0] != "unseen", -len(tasks[each])))


def medians(rows: Sequence[ScoreRow]) -> list[ScoreRow]:
    """Tasks' scores, medians over templates; of a task asked under several seeds, the one over all of them."""
    found = [row for row in rows if row.template is None and row.task is not None]
    several = {_cell(row) for row in found if row.seed is None}
    return [row for row in found if row.seed is None or _cell(row) not in several]


def _cell(row: ScoreRow) -> tuple[str | None, str, str, int, str]:
    return row.task, row.side, row.model, row.shots, row.metric


def ends(row: ScoreRow) -> Ends:
    return None if row.low is None or row.high is None else (row.low, row.high)


def is_void(run: RunData, task: str | None, side: str) -> bool:
    return side == "unseen" and task in run.void
