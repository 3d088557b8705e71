"""Base against tuned as forest plots: the mean over a side's tasks, then each task, with intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from unseen.evaluation.aggregate import Across
from unseen.evaluation.task_scores import ScoreRow
from unseen.reporting.anchors import behind_mean, behind_score, leading
from unseen.reporting.figures.scale import Scale, around_zero
from unseen.reporting.figures.strips import axis, difference_strip
from unseen.reporting.findings import ends, is_void, medians, settings
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import SIDES, Ends, limits, metric_name, plain, scored, shots_name, signed
from unseen.reporting.run_data import RunData
from unseen.reporting.tables import Cell, Column, Row, figure_table, folded, section

READING = (
    "Each dot is tuned minus base on the same rows: first the mean over a side's tasks, then each task (tuned's median "
    "over its templates minus base's). The line is the 95 % interval for new rows: blue where it lies wholly above "
    "zero, orange where wholly below. “Shows from” is the smallest true difference that so few rows would show in 80 "
    "of 100 runs; the grey band marks it."
)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a forest plot. `name` may be marked up, `spoken` is the same in words; `rows`: the id of its rows."""

    name: Child
    spoken: str
    shots: int
    score: float
    ends: Ends
    count: int
    detectable: float | None
    void: bool = False
    rows: str | None = None


def differences_section(run: RunData) -> Markup | None:
    """Tuned against base asked the same way; folded below, against base asked with plain prompts."""
    rows = [row for row in medians(run.scores) if row.model == "difference"]
    if not rows:
        return None
    parts = [_forest(run, side, metric, "difference") for side, metric in settings(rows)]
    plainly = [row for row in medians(run.scores) if row.model == "difference_plain"]
    others = [_forest(run, side, metric, "difference_plain") for side, metric in settings(plainly)]
    against = (
        folded("Against the base model asked with plain prompts, without instructions", *others) if others else None
    )
    return section("differences", "Tuned against base", tag("p", READING), *parts, against)


def _forest(run: RunData, side: str, metric: str, model: str) -> Markup:
    means = [a for a in run.across if (a.side, a.metric, a.model) == (side, metric, model) and len(a.tasks) > 1]
    rows = [r for r in medians(run.scores) if (r.side, r.metric, r.model) == (side, metric, model)]
    title = f"{metric_name(metric)}, {SIDES[side]}"
    changes = [*(change_of_mean(run, mean) for mean in means), *(_change_of_task(run, row) for row in rows)]
    than = "base, plain prompts" if model == "difference_plain" else "base"
    return joined(tag("h3", title), forest(changes, f"Tuned minus {than}: {title}"))


def change_of_mean(run: RunData, mean: Across) -> Change:
    found, name = mean.new_rows, f"mean of {len(mean.tasks)} tasks"
    ends = found.low, found.high
    rows = behind_mean(run, mean)
    return Change(tag("b", name), name, mean.shots, found.score, ends, mean.count, found.detectable, rows=rows)


def _change_of_task(run: RunData, row: ScoreRow) -> Change:
    name, void = task_name(run, row.task, row.side), is_void(run, row.task, row.side)
    rows = behind_score(run, row)
    return Change(name, str(row.task), row.shots, row.score, ends(row), row.count, row.detectable, void, rows)


def forest(changes: Iterable[Change], label: str) -> Markup:
    """A line a change, on one scale round zero."""
    changes = list(changes)
    scale = around_zero(end for each in changes for end in (each.score, *(each.ends or ())))
    columns = [
        Column("task"),
        Column("shots"),
        Column(axis(scale, True), "strip"),
        Column("difference, 95 %, rows", "number"),
        Column("shows from", "number", "shows from"),
    ]
    return figure_table(columns, [_line(each, scale) for each in changes], label)


def _line(each: Change, scale: Scale) -> Row:
    spoken = f"{each.spoken}, {shots_name(each.shots)}: {signed(each.score)} {limits(each.ends, difference=True)}"
    shown = scored(each.score, each.ends, each.count, "difference")
    return (
        each.name,
        Cell(shots_name(each.shots), each.shots),
        tag(
            "div", difference_strip(scale, each.score, each.ends, each.detectable, spoken), class_=each.void and "void"
        ),
        Cell(leading(tag("s", shown) if each.void else shown, each.rows), each.score),
        Cell("" if each.detectable is None else plain(each.detectable), each.detectable),
    )


def task_name(run: RunData, task: str | None, side: str) -> Child:
    """The task, struck through and marked where its scores are void, with a word where nobody knows."""
    if is_void(run, task, side):
        return joined(tag("s", task), " ", tag("span", "void", class_="flag"))
    if side == "unseen" and run.unknown:
        return joined(task, " ", tag("span", "start model's tuning unknown", class_="flag"))
    return task
