"""Scores by task: every template a dot, their median with its interval, base beside tuned, chance and majority."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from unseen.evaluation.aggregate import Spread, spreads_of
from unseen.evaluation.task_scores import ScoreRow
from unseen.reporting.anchors import behind_score, leading
from unseen.reporting.figures.scale import SCORES
from unseen.reporting.figures.strips import Dots, axis, dot_strip
from unseen.reporting.findings import ends, is_void, medians, settings
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import MODELS, SIDES, counted, limits, metric_name, plain, scored, shots_name, whole
from unseen.reporting.run_data import RunData
from unseen.reporting.sections.differences import task_name
from unseen.reporting.sections.extremes import extremes_part
from unseen.reporting.tables import Cell, Column, Row, figure_table, folded, section, table

READING = (
    "A dot is a template. The bar holds the middle half of them (their quartiles), the stroke is their median, which "
    "is the task's score, and the thin line its 95 % interval for new rows. Plain prompts, GPT-3 "
    "style and without instructions, are asked of the untuned model only."
)

REFERENCES = {"chance": "chance", "majority": "always the commonest answer"}


def scores_section(run: RunData) -> Markup | None:
    rows = [row for row in run.scores if row.task and row.model in ("base", "base_plain", "tuned")]
    if not rows:
        return None
    parts = [_dot_plot(run, [r for r in rows if (r.side, r.metric) == each], *each) for each in settings(rows)]
    title = "Scores by task and template"
    return section("scores", title, tag("p", READING), _key(rows), *parts, _clean(run), _every(run), extremes_part(run))


def _key(rows: Sequence[ScoreRow]) -> Markup:
    models = {row.model for row in rows}
    items = [tag("li", tag("span", class_=f"key {name}"), shown) for name, shown in MODELS.items() if name in models]
    lines = [tag("li", tag("span", class_=f"key line {name}"), shown) for name, shown in REFERENCES.items()]
    return tag("ul", *items, *lines, class_="keys")


def _dot_plot(run: RunData, rows: Sequence[ScoreRow], side: str, metric: str) -> Markup:
    """A line for each task, number of shots and model; `rows` are all of one side and metric."""
    # Quartiles over templates and seeds together: where there are several seeds, they are forgotten.
    together = spreads_of([replace(row, seed=0) for row in rows if row.seed is not None])
    spreads = {(each.task, each.model, each.shots): each for each in together}
    ordered = sorted(medians(rows), key=lambda r: (str(r.task), r.shots, list(MODELS).index(r.model)))
    lines = [_line(run, row, rows, spreads.get((str(row.task), row.model, row.shots))) for row in ordered]
    return score_strips(side, metric, ("model", "median, 95 %, rows", "quartiles"), lines)


def score_strips(side: str, metric: str, heads: tuple[str, str, str], rows: Sequence[Row]) -> Markup:
    """Scores of one side and metric as strips on one scale; `heads` say who is scored, how, and what stands last."""
    who, score, last = heads
    columns = [
        Column("task"),
        Column("shots"),
        Column(who),
        Column(axis(SCORES, False), "strip"),
        Column(score, "number"),
        Column(last, "number", last),
    ]
    title = f"{metric_name(metric)}, {SIDES[side]}"
    return joined(tag("h3", title), figure_table(columns, rows, f"Scores: {title}"))


def _line(run: RunData, row: ScoreRow, rows: Sequence[ScoreRow], spread: Spread | None) -> Row:
    shown = scored(row.score, ends(row), row.count)
    return (
        task_name(run, row.task, row.side),
        Cell(_shots(run, row), row.shots),
        MODELS[row.model],
        dot_strip(_dots(run, row, rows, spread)),
        Cell(_led(run, row, shown), row.score),
        Cell(f"{plain(spread.lower)} to {plain(spread.upper)}", spread.upper - spread.lower)
        if spread
        else "one template",
    )


def _over_templates(row: ScoreRow) -> str:
    return "difference of the medians" if row.model.startswith("difference") else "median over templates"


def _led(run: RunData, row: ScoreRow, shown: Markup) -> Markup:
    """A score, struck through where it is void, which leads to its rows."""
    return leading(tag("s", shown) if is_void(run, row.task, row.side) else shown, behind_score(run, row))


def _shots(run: RunData, row: ScoreRow) -> str:
    """16-shot, and how many of them fitted in the mean where not all did."""
    found = run.record.summary.exemplars if run.record.summary else ()
    place = row.task, row.side, row.model, row.shots
    shown = next((each for each in found if (each.task, each.side, each.model, each.shots) == place), None)
    less = shown is not None and shown.whole < shown.prompts
    return shots_name(row.shots) + (f", {plain(shown.mean)} shown" if shown and less else "")


def _dots(run: RunData, row: ScoreRow, rows: Sequence[ScoreRow], spread: Spread | None) -> Dots:
    mine = [r for r in rows if r.template and (r.task, r.model, r.shots) == (row.task, row.model, row.shots)]
    spoken = f"{row.task}, {shots_name(row.shots)}, {MODELS[row.model]}"
    return Dots(
        row.model,
        [(_template(each), each.score) for each in mine],
        row.score,
        ends(row),
        (spread.lower, spread.upper) if spread else None,
        list(_lines(run, row)),
        f"{spoken}: median {plain(row.score)} {limits(ends(row))} over {counted(len(mine), 'template')}",
    )


def _template(row: ScoreRow) -> str:
    return f"{row.template}: {plain(row.score)} {limits(ends(row))}, {counted(row.count, 'row')}"


def _lines(run: RunData, row: ScoreRow) -> Iterator[tuple[str, float]]:
    """Chance and majority are shares of right answers, and the majority of right labels in written ones; other metrics
    have no such line."""
    for each in run.baselines:
        if (each.task, each.side) == (row.task, row.side) and row.metric == "accuracy":
            yield from (("chance", each.chance), ("majority", each.majority))
    for label in run.label_baselines:
        if (label.task, label.side, label.metric) == (row.task, row.side, row.metric):
            yield "majority", label.majority


def _clean(run: RunData) -> Markup | None:
    """Scores once more over the unseen rows that share no text with the seen side."""
    rows = medians(run.clean_scores)
    title = f"{SIDES['unseen_clean'].capitalize()}, scored by themselves"
    return folded(title, _table(run, rows, title)) if rows else None


def _every(run: RunData) -> Markup:
    rows = [row for row in run.scores if row.task]
    return folded(f"Every score: {whole(len(rows))} lines, sortable", _table(run, rows, "Every score"))


def _table(run: RunData, rows: Sequence[ScoreRow], label: str) -> Markup:
    heads = ["side", "task", "template", "shots", "model", "seed", "metric"]
    numbers = [Column("score, 95 %, rows", "number"), Column("shows from", "number")]
    return table([*map(Column, heads), *numbers], [_score(run, row) for row in rows], label)


def _score(run: RunData, row: ScoreRow) -> Row:
    shown = scored(row.score, ends(row), row.count, row.model)
    return (
        row.side,
        task_name(run, row.task, row.side),
        row.template or _over_templates(row),
        Cell(_shots(run, row), row.shots),
        MODELS[row.model],
        "all" if row.seed is None else row.seed,
        metric_name(row.metric),
        Cell(_led(run, row, shown), row.score),
        Cell("" if row.detectable is None else plain(row.detectable), row.detectable),
    )
