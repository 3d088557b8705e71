"""Curves: how the measure goes with a number that is varied (tasks, templates, rows, parameters), as the slope of a
straight line over its logarithm: points for each doubling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np

from unseen.study.compare import Runs, measure
from unseen.study.estimate import Estimate, estimate
from unseen.study.observe import Term
from unseen.study.results import StudyResults
from unseen.study.rule import Rule
from unseen.study.used import used
from unseen.task.seeds import generator

FEWEST_POINTS = 3
NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Trend:
    """The slope over `axis` of the arms `points` (name, value); `among` says what they share where a study crosses two
    grids; `without` names arms that are not on it: unfinished ones, and those at zero, which has no logarithm."""

    axis: str
    among: str
    points: tuple[tuple[str, float], ...]
    slope: Estimate
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Arms along one axis, in its order: (name, value), zero included. A value is what the arm used, by its records;
    where they do not say, it is what was asked for, and `unknown` names these arms: such a curve has no slope."""

    axis: str
    among: str
    points: tuple[tuple[str, float], ...]
    unknown: tuple[str, ...]


def curves_of(results: StudyResults) -> tuple[Curve, ...]:
    """The curves that the study's arms make: three or more values of one number, all else about them the same."""
    about = {name: facts_of(results, name) for name in results.names}
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for name, facts in about.items():
        for axis, value in facts.items():
            if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
                found.setdefault((axis, _others(facts, axis)), []).append((name, float(value)))
    return tuple(
        _curve(results, axis, among, points)
        for (axis, among), points in found.items()
        if len({value for _, value in points}) >= FEWEST_POINTS
    )


def _curve(results: StudyResults, axis: str, among: str, asked: Sequence[tuple[str, float]]) -> Curve:
    told = {name: used(axis, value, results.finished(name)) for name, value in asked}
    points = [(name, value if (by_record := told[name]) is None else by_record) for name, value in asked]
    unknown = tuple(name for name, value in told.items() if value is None)
    return Curve(axis, among, tuple(sorted(points, key=lambda each: each[1])), unknown)


def facts_of(results: StudyResults, name: str) -> Mapping[str, Any]:
    """What an arm is about; for models, the number of their parameters instead of their name, where a record has it."""
    arms = results.seeds_of(name)
    facts = dict(arms[0].about)
    sizes = [arm.record.get("parameters") for arm in arms]
    if "model" in facts and any(sizes):
        facts = {"parameters" if key == "model" else key: value for key, value in facts.items()}
        facts["parameters"] = next(size for size in sizes if size)
    return facts


def _others(facts: Mapping[str, Any], axis: str) -> str:
    return ", ".join(f"{key} {value}" for key, value in facts.items() if key != axis)


def trend(curve: Curve, answers: Mapping[str, Runs], rule: Rule) -> Trend | None:
    """The slope, seed by seed over the seeds that all of the curve's arms have finished; None where fewer than three
    arms have one, or share no task, or where nobody knows how much of the axis an arm used."""
    if curve.unknown:
        return None
    points = [(name, value) for name, value in curve.points if value > 0 and answers.get(name)]
    if rule.model == "difference":
        points = [(name, value) for name, value in points if all(run.tuned for run in answers[name].values())]
    if len({value for _, value in points}) < FEWEST_POINTS:
        return None
    seeds = [seed for seed in answers[points[0][0]] if all(seed in answers[name] for name, _ in points)]
    sums = [_slope_terms([(answers[name][seed], value) for name, value in points], rule) for seed in seeds]
    found, over = measure(sums, rule, [rule.statistic]) if sums else (None, None)
    observed = found.of(rule.statistic) if found else None
    if observed is None or over is None:
        return None
    slope = estimate(observed, over, generator(0, "trend", curve.axis, curve.among))
    left = tuple(name for name, _ in curve.points if name not in {name for name, _ in points})
    return Trend(curve.axis, curve.among, tuple(points), slope, left)


def _slope_terms(points: Sequence[tuple[Any, float]], rule: Rule) -> tuple[Term, ...]:
    """The least-squares slope as a weighted sum of the arms."""
    places = np.array([log2(value) for _, value in points])
    weights = (places - places.mean()) / ((places - places.mean()) ** 2).sum()
    terms: list[Term] = []
    for (run, _), weight in zip(points, weights.tolist(), strict=True):
        if abs(weight) < NOTHING:
            continue  # the arm in the middle says nothing of a slope
        if rule.model == "difference":
            terms += [Term(run, "tuned", weight), Term(run, "base", -weight)]
        else:
            terms.append(Term(run, run.last, weight))
    return tuple(terms)
