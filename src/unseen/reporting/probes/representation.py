"""What `probe representation` tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from unseen.probe.divergence import Mean, mean_of
from unseen.reporting.figures.panels import Mark, Panel, Series
from unseen.reporting.numbers import counted
from unseen.reporting.probes.told import Told, ends_of, number, with_ends
from unseen.study.probes.representation import Measurement, RepresentationFound

CAVEATS = (
    "Key words are the words of the token's description but for common ones such as 'a' and 'with'. 'Other tokens' is "
    "the distance of ordinary tokens to the same words: a token as far as that is just a token.",
    "An interval is over runs that differ in their seed alone (Student's t); one run has none.",
    "Distances depend on the width of the model and on the layer: compare with the start and with other tokens, not "
    "across models or layers.",
    "DELIA names neither its layer nor its key words, so its numbers cannot be set beside these.",
)


@dataclass(frozen=True, slots=True)
class Point:
    """Runs of a curve at one place: their mean distance, its change from their own starts, that of other tokens."""

    series: str
    layer: int
    at: int
    distance: Mean
    change: Mean | None
    others: float
    runs: int


def told_representation(found: RepresentationFound) -> Told:
    points = points_of(found.measurements)
    return Told(
        probe="representation",
        sentence=sentence(found, points),
        panels=[_panel(found, points, layer) for layer in found.asked.layers],
        heads=("curve", "layer", f"{found.asked.axis} tuned on", "distance", "change", "other tokens", "runs"),
        lines=[_line(point) for point in points],
        caveats=CAVEATS,
        settings={
            "runs": list(map(str, found.asked.runs)),
            "token": found.token,
            "description": found.description,
            "words": found.words.words,
            "words_left_out": found.words.left_out,
            "words_listed": bool(found.asked.words),
            "layers": found.asked.layers,
            "against": found.asked.axis,
            "rows": found.asked.rows,
            "seed": found.asked.seed,
        },
        models=found.models,
        counts=found.counts,
        points={"means": [asdict(each) for each in points], "runs": [asdict(each) for each in found.measurements]},
    )


def points_of(measurements: Sequence[Measurement]) -> list[Point]:
    """One for each curve, layer and place; starts come first, at 0."""
    groups: dict[tuple[str, int, int, int], list[Measurement]] = {}
    for each in measurements:
        groups.setdefault((each.series, each.layer, 1 - each.start, each.at), []).append(each)
    starts = {(each.run, each.layer): each.mean for each in measurements if each.start}
    return [_point(key, groups[key], starts) for key in sorted(groups)]


def _point(key: tuple[str, int, int, int], group: Sequence[Measurement], starts: dict[tuple[str, int], float]) -> Point:
    series, layer, tuned, at = key
    changes = [each.mean - starts[each.run, layer] for each in group]
    return Point(
        series=series,
        layer=layer,
        at=at,
        distance=mean_of(np.array([each.mean for each in group])),
        change=mean_of(np.array(changes)) if tuned else None,
        others=sum(each.others for each in group) / len(group),
        runs=len(group),
    )


def sentence(found: RepresentationFound, points: Sequence[Point]) -> str:
    """The last point of each curve at the first layer that was asked, beside its start."""
    layer = found.asked.layers[0]
    curves = dict.fromkeys(point.series for point in points)
    said = []
    for curve in curves:
        own = [point for point in points if (point.series, point.layer) == (curve, layer)]
        said.append(_said(own[0], own[-1], found.asked.axis, curve if len(curves) > 1 else ""))
    where = "at the input embedding" if layer == 0 else f"after layer {layer}, in context"
    words = counted(len(found.words.words), "key word")
    return f"L2 distance of {found.token} to the {words} of its description, {where}: {'; '.join(said)}."


def _said(start: Point, last: Point, axis: str, curve: str) -> str:
    assert last.change is not None
    ends = ends_of(last.change)
    nothing = start.distance.value == last.distance.value
    word = "unchanged" if nothing else "fell" if last.change.value < 0 else "rose"
    if ends and ends[0] <= 0 <= ends[1] and not nothing:
        word = "not shown to have moved"
    seeds = counted(last.runs, "run")
    return (
        f"{f'{curve}: ' if curve else ''}{with_ends(last.distance)} after {last.at} {axis} ({seeds}), "
        f"{number(start.distance.value)} before tuning, change {with_ends(last.change)}: {word} "
        f"(other tokens {number(last.others)})"
    )


def _panel(found: RepresentationFound, points: Sequence[Point], layer: int) -> Panel:
    own = [point for point in points if point.layer == layer]
    series = [
        Series(name, [Mark(p.at, p.distance.value, ends_of(p.distance)) for p in own if p.series == name])
        for name in dict.fromkeys(point.series for point in own)
    ]
    others = sum(point.others for point in own) / len(own)
    where = "input embedding" if layer == 0 else f"layer {layer}, in context"
    return Panel(
        f"Distance of {found.token} to its key words, {where}",
        f"{found.asked.axis} tuned on (0: the start model)",
        "mean L2 distance",
        series,
        axis="doublings" if found.asked.axis == "rows" else "numbers",
        levels=[("other tokens", others)],
    )


def _line(point: Point) -> list[str]:
    change = "" if point.change is None else with_ends(point.change)
    shown = [point.series, str(point.layer), str(point.at), with_ends(point.distance), change]
    return [*shown, number(point.others), str(point.runs)]
