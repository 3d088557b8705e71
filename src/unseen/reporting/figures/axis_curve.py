"""A study's curve: a score over a number that is varied, one point an arm with its interval, one ring a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

from unseen.reporting.figures.scale import Scale
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import Ends, limits, plain

HEIGHT, TOP, BOTTOM = 280, 14, 40
LEFT, WIDTH = 7.0, 89.0  # per cent
ROOM = 0.06  # of the axis, left free at either end


@dataclass(frozen=True, slots=True)
class Point:
    """An arm: its value on the axis, its score with interval, and what each seed scored."""

    name: str
    at: float
    score: float
    ends: Ends
    seeds: Sequence[float]


def axis_curve(points: Sequence[Point], axis: str) -> Markup:
    """`points` in the order of the axis, which is one of doublings; zero stands one doubling before the first."""
    places = _places(points)
    low, high = min(places) - 1e-9, max(places) + 1e-9
    across = Scale(low - ROOM * (high - low), high + ROOM * (high - low))
    up = _range(points)
    told = "; ".join(f"{axis} {_number(p.at)}: {plain(p.score)} {limits(p.ends)}" for p in points)
    return tag(
        "svg",
        _axes(points, places, across, up, axis),
        tag(
            "svg",
            tag("polyline", points=_line(points, places, across, up), class_="arm", vector_effect="non-scaling-stroke"),
            x=f"{LEFT}%", width=f"{WIDTH}%", y=TOP, height=HEIGHT - TOP - BOTTOM,
            viewBox="0 0 1000 1000", preserveAspectRatio="none",
        ),
        [_point(point, place, across, up) for point, place in zip(points, places, strict=True)],
        role="img", aria_label=told, class_="curve", width="100%", height=HEIGHT,
    )  # fmt: skip


def _places(points: Sequence[Point]) -> list[float]:
    least = min((log2(point.at) for point in points if point.at > 0), default=0.0)
    return [log2(point.at) if point.at > 0 else least - 1 for point in points]


def _range(points: Sequence[Point]) -> Scale:
    values = [value for p in points for value in (p.score, *(p.ends or ()), *p.seeds)]
    room = 0.08 * (max(values) - min(values) or 10.0)
    return Scale(min(values) - room, max(values) + room)


def _axes(points: Sequence[Point], places: Sequence[float], across: Scale, up: Scale, axis: str) -> Markup:
    levels = [
        joined(
            tag("line", x1=f"{LEFT}%", x2=f"{LEFT + WIDTH}%", y1=_y(up, tick), y2=_y(up, tick), class_="grid"),
            tag("text", plain(tick).removesuffix(".0"), x=f"{LEFT - 0.8}%", y=_y(up, tick), dy=4, text_anchor="end",
                class_="tick"),
        )
        for tick in up.ticks(6)
    ]  # fmt: skip
    marks = [
        tag("text", _number(point.at), x=_x(across, place), y=HEIGHT - BOTTOM + 16, text_anchor="middle", class_="tick")
        for point, place in zip(points, places, strict=True)
    ]
    name = tag("text", axis, x=f"{LEFT + WIDTH / 2}%", y=HEIGHT - 5, text_anchor="middle", class_="tick")
    return joined(levels, marks, name)


def _point(point: Point, place: float, across: Scale, up: Scale) -> Markup:
    x = _x(across, place)
    rings = [tag("circle", cx=x, cy=_y(up, score), r=3, class_="seed") for score in point.seeds if len(point.seeds) > 1]
    whisker = None
    if point.ends:
        whisker = tag("line", x1=x, x2=x, y1=_y(up, point.ends[0]), y2=_y(up, point.ends[1]), class_="whisker")
    title = tag("title", f"{point.name}: {plain(point.score)} {limits(point.ends)}")
    return joined(whisker, tag("circle", title, cx=x, cy=_y(up, point.score), r=5, class_="arm"), rings)


def _line(points: Sequence[Point], places: Sequence[float], across: Scale, up: Scale) -> str:
    shares = [(_share(across, x), _share(up, p.score)) for x, p in zip(places, points, strict=True)]
    return " ".join(f"{10 * x:.1f},{1000 - 10 * y:.1f}" for x, y in shares)


def _share(scale: Scale, value: float) -> float:
    return 100 * (value - scale.low) / (scale.high - scale.low)


def _x(across: Scale, value: float) -> str:
    return f"{LEFT + WIDTH * _share(across, value) / 100:.2f}%"


def _y(up: Scale, value: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - _share(up, value) / 100), 1)


def _number(value: float) -> str:
    """7, 0.5, 135 M: as it stands under the axis."""
    if value >= 1e6:
        return f"{value / 1e6:.0f} M" if value < 1e9 else f"{value / 1e9:.1f} B"
    return f"{value:g}"
