"""Scores by task: every template a dot, the median with its interval, base beside tuned, chance and majority as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unseen.evaluate.aggregate import Spread, spreads_of
from unseen.evaluate.task_scores import ScoreRow
from unseen.report.figures.scale import SCORES, Scale, around_zero
from unseen.report.figures.strips import Dots, axis, difference_strip, dot_strip
from unseen.report.markup import Child, Markup, joined, tag
from unseen.report.numbers import MODELS, SIDES, Ends, limits, metric_name, plain, scored, shots_name, whole
from unseen.report.run_data import RunData
from unseen.report.tables import Cell, Column, Row, folded, section, table

HEAD = [Column("task"), Column("shots"), Column("model")]


def differences_section(run: RunData) -> Markup | None:
    """Forest plots: tuned minus base, of each side's mean and of each task."""
    rows = [each for each in run.scores if each.model.startswith("difference") and each.template is None]
    if not rows:
        return None
    text = (
        "Each dot is tuned minus base on the same rows: the mean over a side's tasks, then each task (median over its "
        "templates). The line is the 95 % interval for new rows; blue lies wholly above zero, orange wholly below. A true "
        "difference inside the grey band would mostly go unnoticed with so few rows."
    )
    parts = [_forest(run, side, metric) for side, metric in _settings(rows)]
    return section("differences", "Tuned against base", tag("p", text), *parts)


def scores_section(run: RunData) -> Markup | None:
    if not run.scores:
        return None
    text = (
        "A dot is a template, the bar holds the middle half of them (quartiles), the stroke is their median, which is the "
        "task's score, and the thin line its 95 % interval for new rows. Dashed: chance. Dotted: always giving the "
        "commonest answer."
    )
    rows = [each for each in run.scores if each.task and not each.model.startswith("difference")]
    parts = [_dot_plot(run, side, metric) for side, metric in _settings(rows)]
    return section("scores", "Scores by task and template", tag("p", text), _key(), *parts, _clean(run), _every(run))


def _settings(rows: Sequence[ScoreRow]) -> list[tuple[str, str]]:
    """(side, metric) in the order to show them."""
    found = dict.fromkeys((row.side, row.metric) for row in rows)
    return sorted(found, key=lambda each: each[0] != "unseen")


def _key() -> Markup:
    items = [tag("li", tag("span", class_=f"key {name}"), MODELS[name]) for name in ("base", "base_plain", "tuned")]
    return tag("ul", *items, class_="keys")


def pooled(rows: Sequence[ScoreRow]) -> list[ScoreRow]:
    """Medians over templates; of a task asked under several seeds, the one over all of them."""
    medians = [row for row in rows if row.template is None]
    several = {(r.task, r.side, r.model, r.shots, r.metric) for r in medians if r.seed is None}
    return [r for r in medians if r.seed is None or (r.task, r.side, r.model, r.shots, r.metric) not in several]


def _forest(run: RunData, side: str, metric: str) -> Markup:
    means = [
        each for each in run.across if (each.side, each.metric) == (side, metric) and each.model.startswith("diff")
    ]
    rows = [
        r for r in pooled(run.scores) if r.task and (r.side, r.metric) == (side, metric) and r.model.startswith("diff")
    ]
    ends = [v for r in rows for v in (r.low, r.high, r.score)]
    scale = around_zero([*ends, *(v for m in means for v in (m.new_rows.low, m.new_rows.high))])
    lines: list[Row] = [
        _difference_row(scale, tag("b", f"mean of {len(m.tasks)}"), m.shots, m.model, m.new_rows.score,
                        (m.new_rows.low, m.new_rows.high), m.count, m.new_rows.detectable, f"mean over {len(m.tasks)} tasks")
        for m in means
    ]  # fmt: skip
    lines += [
        _difference_row(
            scale, task_name(run, r), r.shots, r.model, r.score, _ends(r), r.count, r.detectable, str(r.task)
        )
        for r in rows
    ]
    columns = [
        *HEAD,
        Column(axis(scale, True), "strip"),
        Column("difference, 95 %, rows", "number"),
        Column("shows from", "number"),
    ]
    title = f"{metric_name(metric)}, {SIDES[side]}"
    return joined(tag("h3", title), table(columns, lines, f"Tuned minus base: {title}", figure=True))


def _difference_row(
    scale: Scale, name: Child, shots: int, model: str, score: float, ends: Ends, count: int,
    detectable: float | None, spoken: str,
) -> Row:  # fmt: skip
    label = f"{spoken}, {shots_name(shots)}, {MODELS[model]}: {plain(score)} {limits(ends)}"
    return (
        name,
        Cell(shots_name(shots), shots),
        MODELS[model],
        difference_strip(scale, score, ends, detectable, label),
        Cell(scored(score, ends, count, model), score),
        Cell("" if detectable is None else plain(detectable), detectable),
    )


def task_name(run: RunData, row: ScoreRow) -> Child:
    """The task, struck through and marked where its score is void, with a word where nobody knows."""
    if row.side == "unseen" and row.task in run.void:
        return joined(tag("s", row.task), " ", tag("span", "void", class_="flag"))
    if row.side == "unseen" and run.unknown:
        return joined(row.task, " ", tag("span", "model's own tuning unknown", class_="flag"))
    return row.task


def _ends(row: ScoreRow) -> Ends:
    return None if row.low is None or row.high is None else (row.low, row.high)


def _dot_plot(run: RunData, side: str, metric: str) -> Markup:
    rows = [
        r for r in run.scores
        if r.task and (r.side, r.metric) == (side, metric) and not r.model.startswith("difference")
    ]  # fmt: skip
    spreads = {(s.task, s.model, s.shots): s for s in spreads_of([_one_seed(row) for row in rows])}
    ordered = sorted(pooled(rows), key=lambda r: (str(r.task), r.shots, list(MODELS).index(r.model)))
    lines = [_dot_row(run, row, rows, spreads.get((str(row.task), row.model, row.shots))) for row in ordered]
    columns = [
        *HEAD,
        Column(axis(SCORES, False), "strip"),
        Column("median, 95 %, rows", "number"),
        Column("quartiles", "number"),
    ]
    title = f"{metric_name(metric)}, {SIDES[side]}"
    return joined(tag("h3", title), table(columns, lines, f"Scores: {title}", figure=True))


def _one_seed(row: ScoreRow) -> ScoreRow:
    """The row with its seed forgotten, so that quartiles are taken over templates and seeds together."""
    fields = row.to_json() | {"seed": None if row.seed is None else 0}
    return ScoreRow(**fields)


def _dot_row(run: RunData, row: ScoreRow, rows: Sequence[ScoreRow], spread: Spread | None) -> Row:
    mine = [r for r in rows if r.template and (r.task, r.model, r.shots) == (row.task, row.model, row.shots)]
    label = f"{row.task}, {shots_name(row.shots)}, {MODELS[row.model]}: median {plain(row.score)} {limits(_ends(row))}"
    dots = Dots(
        row.model,
        [(str(r.template), r.score) for r in mine],
        row.score,
        _ends(row),
        (spread.lower, spread.upper) if spread else None,
        list(_lines(run, row)),
        label,
    )
    quartiles = f"{plain(spread.lower)} to {plain(spread.upper)}" if spread else "one template"
    void = row.side == "unseen" and row.task in run.void
    shown = scored(row.score, _ends(row), row.count)
    return (
        task_name(run, row),
        Cell(shots_name(row.shots), row.shots),
        MODELS[row.model],
        dot_strip(dots),
        Cell(tag("s", shown) if void else shown, row.score),
        Cell(quartiles, spread.upper - spread.lower if spread else 0.0),
    )


def _lines(run: RunData, row: ScoreRow) -> Iterator[tuple[str, float]]:
    """Chance and majority are shares of right answers; other metrics have no such line."""
    for each in run.baselines:
        if (each.task, each.side) == (row.task, row.side) and row.metric == "accuracy":
            yield from (("chance", each.chance), ("majority", each.majority))


def _clean(run: RunData) -> Markup | None:
    """Scores once more over the unseen rows that share no text with the seen side."""
    rows = [r for r in pooled(run.clean_scores) if r.task]
    return (
        folded("Unseen rows that share no text with the seen side, scored by themselves", _table(run, rows))
        if rows
        else None
    )


def _every(run: RunData) -> Markup:
    rows = [r for r in run.scores if r.task]
    return folded(f"Every score ({whole(len(rows))} lines, sortable)", _table(run, rows))


def _table(run: RunData, rows: Sequence[ScoreRow]) -> Markup:
    columns = [
        Column("side"), *HEAD[:1], Column("template"), *HEAD[1:], Column("seed"), Column("metric"),
        Column("score, 95 %, rows", "number"), Column("shows from", "number"),
    ]  # fmt: skip
    lines = [
        (r.side, task_name(run, r), r.template or "median over templates", Cell(shots_name(r.shots), r.shots), MODELS[r.model],
         "all" if r.seed is None else r.seed, metric_name(r.metric),
         Cell(scored(r.score, _ends(r), r.count, r.model), r.score),
         Cell("" if r.detectable is None else plain(r.detectable), r.detectable))
        for r in rows
    ]  # fmt: skip
    return table(columns, lines, "Every score")
