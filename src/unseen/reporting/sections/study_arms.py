"""Every arm of a study: the plot of differences, the curve where a number is varied, and the table."""

from __future__ import annotations

from unseen.reporting.figures.axis_curve import Point, axis_curve
from unseen.reporting.figures.scale import around_zero
from unseen.reporting.figures.strips import axis, judged_strip
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, limits, plain, signed
from unseen.reporting.study_facts import amounts, arm_link, number_link, seconds, with_ends
from unseen.reporting.study_words import difference, ends_of, kind_of, shown_p, than, word_of
from unseen.reporting.tables import Cell, Column, Row, figure_table, section, table
from unseen.study.compare import Measured
from unseen.study.estimate import Estimate
from unseen.study.results import StudyResults
from unseen.study.rule import Rule
from unseen.study.trend import Curve, Trend
from unseen.study.used import CAPPED
from unseen.study.verdict import ArmVerdict, Verdict

READING = (
    "Each line is an arm less what it is compared with, in points, with its 95 % interval. Blue: shown to be better; "
    "orange: shown to be worse; filled grey: shown to be no more than the grey band, the smallest difference of "
    "interest that the study named; hollow: not decidable. “Shows from” is the smallest true difference that so many "
    "seeds, tasks and rows would show in 80 of 100 such studies."
)
SPREAD_READING = "A spread that is narrower is drawn as better."


def differences(verdict: Verdict) -> Markup | None:
    """The forest plot."""
    arms = [arm for arm in verdict.arms if arm.difference]
    if not arms:
        return None
    rule = verdict.rule
    mains = [arm.difference.main for arm in arms if arm.difference]
    scale = around_zero([rule.smallest, *(end for each in mains for end in (each.low, each.high))])
    columns = [
        Column("arm"),
        Column("against"),
        Column(axis(scale, True), "strip"),
        Column("difference, 95 %, rows", "number"),
        Column("verdict"),
        Column("shows from", "number", "shows from"),
    ]
    rows = []
    for arm, found in zip(arms, mains, strict=True):
        told = f"{arm.name} less {than(arm)}: {difference(found)}; {word_of(arm, rule)}"
        strip = judged_strip(scale, found.value, ends_of(found), rule.smallest, kind_of(arm), told)
        shows = "" if arm.shows is None else plain(arm.shows)
        rows.append(
            (
                arm_link(arm.name),
                than(arm),
                strip,
                shown_difference(found, arm.name),
                shown_word(arm, rule),
                Cell(shows, arm.shows),
            )
        )
    note = tag("p", SPREAD_READING, class_="note") if rule.of != "score" else None
    return section(
        "differences", "Differences", tag("p", READING), figure_table(columns, rows, "Differences of arms"), note
    )


def shown_difference(found: Estimate, name: str) -> Cell:
    ends = limits(ends_of(found), difference=True)
    return Cell(with_ends(signed(found.value), ends, found.rows, name), found.value)


def shown_word(arm: ArmVerdict, rule: Rule) -> Markup:
    return tag("span", word_of(arm, rule), class_=f"verdict {kind_of(arm)}")


def curves(verdict: Verdict) -> Markup | None:
    """A figure for each number that the arms vary."""
    drawn = [_curve(verdict, curve) for curve in verdict.curves]
    found = [each for each in drawn if each is not None]
    return section("curves", "Curves", *found) if found else None


def _curve(verdict: Verdict, curve: Curve) -> Markup | None:
    points = []
    for name, value in curve.points:
        arm = verdict.arm(name)
        own = arm.own
        if own:
            points.append(Point(name, value, own.main.value, ends_of(own.main), [each.value for each in own.by_seed]))
    if len(points) < 2:
        return None
    trend = next((each for each in verdict.trends if (each.axis, each.among) == (curve.axis, curve.among)), None)
    figure = axis_curve(points, curve.axis)
    about = f"{curve.axis}{f' ({curve.among})' if curve.among else ''}"
    caption = (
        f"Score over {about}{_of_axis(curve)}, an axis of doublings. Dots: arms; lines: their 95 % intervals, "
        "each arm by itself; rings: seeds. Intervals of two arms may overlap and their paired difference be shown all "
        "the same."
    )
    return tag("figure", tag("h3", about), figure, tag("figcaption", caption, " ", _slope(curve, trend)))


def _of_axis(curve: Curve) -> str:
    if curve.axis not in CAPPED:
        return ""
    return " as asked for, at most" if curve.unknown else " as the records count what was used"


def _slope(curve: Curve, trend: Trend | None) -> Child:
    if curve.unknown:
        return "No slope: the records do not say how much of it was used, and a task may have less than was asked for."
    if trend is None:
        return "Too few finished arms for a slope."
    without = f" Without {', '.join(trend.without)}." if trend.without else ""
    return joined(tag("b", f"Slope: {difference(trend.slope)} a doubling"), f" over {len(trend.points)} arms.{without}")


def arms_table(results: StudyResults, verdict: Verdict) -> Markup:
    """Every arm with every number."""
    columns = [
        Column("arm"),
        Column("score, 95 %, rows, tasks, seeds", "number"),
        Column("difference, 95 %, rows", "number"),
        Column("p (Holm)", "number"),
        Column("verdict"),
        *(Column(name, "number") for name in (*amounts(results), "seconds a seed")),
    ]
    rows = [_row(results, verdict, arm) for arm in verdict.arms]
    text = "Scores are 0 to 100, each arm's own with its interval; differences are paired by seed, task and row."
    return section("arms", "Every arm", tag("p", text), table(columns, rows, "Every arm"))


def _row(results: StudyResults, verdict: Verdict, arm: ArmVerdict) -> Row:
    runs = results.finished(arm.name)
    found = arm.difference.main if arm.difference else None
    return (
        arm_link(arm.name),
        shown_own(arm.own, arm.name) if arm.own else "",
        shown_difference(found, arm.name) if found else "",
        "" if arm.corrected is None else Cell(shown_p(arm.corrected), arm.corrected),
        shown_word(arm, verdict.rule),
        *(Cell(*shown(runs)) for shown in (*amounts(results).values(), seconds)),
    )


def shown_own(own: Measured, name: str) -> Cell:
    main = own.main
    counts = f"{counted(main.rows, 'row')}, {counted(main.tasks, 'task')}, {counted(main.seeds, 'seed')}"
    shown = tag(
        "span",
        number_link(plain(main.value), name),
        " ",
        tag("span", limits(ends_of(main)), class_="interval"),
        tag("br"),
        tag("span", counts, class_="count"),
        class_="score",
    )
    return Cell(shown, main.value)
