"""How far apart the ways to ask a task are, and the prompts of the best and the worst."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.evaluation.extremes import Extremes
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import MODELS, metric_name, plain, shots_name, signed
from unseen.reporting.run_data import RunData
from unseen.reporting.sections.differences import task_name
from unseen.reporting.sections.rowtext import row_text
from unseen.reporting.tables import Cell, Column, Row, folded, table

READING = (
    "The spread of a task is the score of the way to ask that does best less that of the way that does worst (Sclar et "
    "al. 2024). It grows with the number of ways and with noise: scores over few rows spread by themselves."
)
DIFFERENCES = (
    " A line of differences is about the difference in each way to ask. The median of those need not be the task's own "
    "difference, which the verdict counts: that is between the two models' medians, and stands beside it where it is "
    "another number."
)


def extremes_part(run: RunData) -> Markup | None:
    """A table of spreads, and under it the prompts; nothing where every task was asked in one way."""
    found = run.record.summary.extremes if run.record.summary else ()
    if not found:
        return None
    formats = bool(run.record.recipe.get("evaluate", {}).get("formats"))
    title = (
        "Spread over formats: the best and the worst" if formats else "Spread over templates: the best and the worst"
    )
    heads = ["task", "side", "shots", "model", "seed", "metric"]
    numbers = [Column(head, "number") for head in ("ways", "spread", "worst", "median", "best")]
    shown = table([*map(Column, heads), *numbers], [_row(run, each) for each in found], title)
    reading = READING + (DIFFERENCES if any(map(_is_difference, found)) else "")
    return joined(tag("h3", title), tag("p", reading), shown, _prompts(run, found))


def _is_difference(each: Extremes) -> bool:
    return each.model.startswith("difference")


def _row(run: RunData, each: Extremes) -> Row:
    number = signed if _is_difference(each) else plain
    return (
        task_name(run, each.task, each.side),
        each.side,
        Cell(shots_name(each.shots), each.shots),
        MODELS[each.model],
        each.seed,
        metric_name(each.metric),
        each.templates,
        Cell(tag("b", plain(each.spread)), each.spread),
        Cell(f"{number(each.worst.score)} ({each.worst.template})", each.worst.score),
        Cell(number(each.median) + _of_medians(run, each), each.median),
        Cell(f"{number(each.best.score)} ({each.best.template})", each.best.score),
    )


def _of_medians(run: RunData, each: Extremes) -> str:
    """Beside the median of differences the difference of the medians, which is the task's score, where it differs."""
    if not _is_difference(each):
        return ""
    place = each.task, each.side, each.model, each.shots, each.seed, each.metric
    own = (row for row in run.scores if row.template is None)
    found = (row.score for row in own if (row.task, row.side, row.model, row.shots, row.seed, row.metric) == place)
    return next((f" (of the medians: {signed(score)})" for score in found if signed(score) != signed(each.median)), "")


def _prompts(run: RunData, found: Sequence[Extremes]) -> Markup:
    """What the best and the worst way ask of one row, at the widest spread of each task and model."""
    widest: dict[tuple[str, str, str], Extremes] = {}
    for each in found:
        key = each.task, each.side, each.model
        if key not in widest or each.spread > widest[key].spread:
            widest[key] = each
    parts = [part for each in widest.values() for part in _pair(run, each)]
    return folded("The prompts that do best and worst, for one row", *parts)


def _pair(run: RunData, each: Extremes) -> list[Markup]:
    about = f"{each.task}, {MODELS[each.model]}, {shots_name(each.shots)}, {metric_name(each.metric)}"
    made = []
    for word, way in (("best", each.best), ("worst", each.worst)):
        made += [tag("h4", f"{about}: {word}, {plain(way.score)}, {way.template}"), row_text(way.prompt)]
    return made
