"""A study by cluster, by task and by template: where an arm helps and where not, and how far the way to ask matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import MODELS, counted, limits, listed, plain, signed
from unseen.reporting.study_facts import arm_link, with_ends
from unseen.reporting.study_words import ends_of
from unseen.reporting.tables import Cell, Column, Row, folded, section, table
from unseen.study.compare import Measured
from unseen.study.estimate import Estimate
from unseen.study.verdict import ArmVerdict, Verdict
from unseen.study.ways import Ways

SPREADS = {"iqr": "interquartile range", "range": "range"}
MOST_NAMED = 3  # templates in one cell
WAYS = (
    "How far a task's score moves with the template (or encoding, or format) that it is asked through. An arm's "
    "spread is the mean over its tasks. A task's numbers are means over seeds, of what each seed shows with templates "
    "and rows of its own; worst and best are the lowest and highest scores, with the seeds' names for them. “Rows "
    "alone” is the range that so few rows would show on average if all templates of a seed were truly alike."
)


def tasks_section(verdict: Verdict) -> Markup | None:
    """By cluster and by task: each arm's score, and its difference where it is compared."""
    arms = [arm for arm in verdict.arms if arm.own]
    if not arms:
        return None
    note = (
        "In brackets: 95 % intervals, of each cluster for new tasks of it where it has three or more, of a task for "
        "new seeds and rows. They are not corrected for how many there are: read them for where to look, not for proof."
    )
    parts = [
        _matrix("By cluster: differences", arms, "difference", "clusters"),
        _matrix("By cluster: scores", arms, "own", "clusters"),
        _matrix("By task: differences", arms, "difference", "tasks"),
        _matrix("By task: scores", arms, "own", "tasks"),
    ]
    return section("tasks", "By cluster and task", tag("p", note), *parts)


def _matrix(title: str, arms: Sequence[ArmVerdict], what: str, by: str) -> Markup | None:
    """A line a cluster or task, a column an arm."""
    found = [(arm, _cells(getattr(arm, what), by)) for arm in arms]
    found = [(arm, cells) for arm, cells in found if cells]
    if not found:
        return None
    names = sorted({name for _, cells in found for name in cells})
    columns = [Column(by.removesuffix("s")), *(Column(arm_link(arm.name), "number") for arm, _ in found)]
    rows: list[Row] = [(name, *(_cell(cells.get(name), what, arm.name) for arm, cells in found)) for name in names]
    shown = table(columns, rows, title)
    return joined(tag("h3", title), shown) if what == "difference" else folded(title, shown)


def _cells(measured: Measured | None, by: str) -> Mapping[str, Estimate]:
    return {} if measured is None else measured.clusters if by == "clusters" else measured.tasks


def _cell(found: Estimate | None, what: str, name: str) -> Cell:
    if found is None:
        return Cell("")
    number = signed(found.value) if what == "difference" else plain(found.value)
    ends = limits(ends_of(found), difference=what == "difference")
    return Cell(with_ends(number, ends, found.rows, name, tag("br")), found.value)


def ways_section(verdict: Verdict) -> Markup | None:
    """The spread over templates of every arm, and of every task the worst and best one."""
    arms = [arm for arm in verdict.arms if arm.own and arm.own.spreads]
    several = [(arm, ways) for arm in verdict.arms for ways in arm.ways if ways.templates > 1]
    if not several:
        return None
    columns = [
        Column("arm"),
        *(Column(f"{what}{of}", "number") for what in SPREADS.values() for of in ("", ", difference")),
    ]
    rows: list[Row] = [(arm_link(arm.name), *_spreads(arm)) for arm in arms]
    spreads = table(columns, rows, "Spread over templates")
    title = f"Every task's templates: median, quartiles, worst and best ({counted(len(several), 'line')})"
    return section(
        "ways", "Spread over templates", tag("p", WAYS), spreads if arms else None, folded(title, _ways_table(several))
    )


def _spreads(arm: ArmVerdict) -> list[Cell]:
    found = []
    for name in SPREADS:
        own = arm.own.spreads.get(name) if arm.own else None
        less = arm.difference.spreads.get(name) if arm.difference else None
        found += [_cell(own, "own", arm.name), _cell(less, "difference", arm.name)]
    return found


def _ways_table(several: Sequence[tuple[ArmVerdict, Ways]]) -> Markup:
    numbers = ("median", "quartiles", "range", "rows alone", "templates", "rows")
    columns = [Column("arm"), Column("model"), Column("task"), *(Column(name, "number") for name in numbers)]
    columns += [Column("worst"), Column("best")]
    return table(columns, [_way(arm, ways) for arm, ways in several], "Templates of every task")


def _way(arm: ArmVerdict, ways: Ways) -> Row:
    lower, middle, upper = ways.quartiles
    return (
        arm_link(arm.name),
        MODELS.get(ways.model, ways.model),
        ways.task,
        Cell(plain(middle), middle),
        Cell(f"{plain(lower)} to {plain(upper)}", upper - lower),
        Cell(plain(ways.range), ways.range),
        Cell("" if ways.noise is None else plain(ways.noise), ways.noise),
        ways.templates,
        ways.rows,
        _named(*ways.worst),
        _named(*ways.best),
    )


def _named(names: Sequence[str], score: float) -> Cell:
    return Cell(f"{plain(score)} {listed(names, MOST_NAMED)}", score)
