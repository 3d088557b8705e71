"""Panels of points with intervals, one below the other, as one picture that stands alone or in a page.

Sizes are in the picture's own units, so that it prints and scales as a whole. Series differ in colour (Okabe and Ito's,
which colour-blind readers tell apart), in the shape of their marks and in their dashes, so that grey prints too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log2, log10
from typing import Literal

from unseen.reporting.figures.scale import Scale, round_step
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import Ends, plain

WIDTH, HEIGHT, GAP = 760, 300, 34  # of a panel, and between two
LEFT, RIGHT, TOP, BOTTOM = 70, 96, 62, 46  # the names of levels stand to the right
BESIDE = 8  # between the marks of two series at one place
SERIES = 6  # styles; more series begin again
LETTER = 6.6  # width of one of 12 px
SHAPES = ("circle", "square", "triangle", "diamond", "circle", "square")

Axis = Literal["numbers", "doublings", "names"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A value at a place of the axis; on an axis of names the place is a name's number."""

    at: float
    value: float
    ends: Ends = None


@dataclass(frozen=True, slots=True)
class Series:
    """`line` joins its marks, `marks` does not, `cloud` has many small ones."""

    name: str
    marks: Sequence[Mark]
    kind: Literal["line", "marks", "cloud"] = "line"


@dataclass(frozen=True, slots=True)
class Panel:
    """`levels` are horizontal lines to hold values against, with a name or an empty one. On an axis of `doublings` zero
    stands one doubling before the least."""

    title: str
    across: str
    up: str
    series: Sequence[Series]
    axis: Axis = "numbers"
    names: Sequence[str] = ()
    levels: Sequence[tuple[str, float]] = ()


def panels(drawn: Sequence[Panel], label: str, **attributes: str) -> Markup:
    """The picture; `label` says in words what it shows."""
    height = len(drawn) * (HEIGHT + GAP) - GAP
    return tag(
        "svg",
        tag("rect", x=0, y=0, width=WIDTH, height=height, class_="paper"),
        *(tag("g", *_panel(each), transform=f"translate(0 {n * (HEIGHT + GAP)})") for n, each in enumerate(drawn)),
        width=WIDTH, height=height, viewBox=f"0 0 {WIDTH} {height}",
        role="img", aria_label=label, class_="panels", **attributes,
    )  # fmt: skip


def _panel(panel: Panel) -> Iterator[Markup | None]:
    across, up = _across(panel), _up(panel)
    yield tag("text", panel.title, x=LEFT, y=16, class_="title")
    yield joined(_legend(panel)) if len(panel.series) > 1 else None
    yield joined(_grid(panel, across, up))
    for number, series in enumerate(panel.series):
        aside = BESIDE * (number - (len(panel.series) - 1) / 2) if series.kind == "line" else 0.0
        drawn = _series(series, number % SERIES, panel, across, up, aside)
        yield tag("g", *drawn, class_=f"series s{number % SERIES}")


def _legend(panel: Panel) -> Iterator[Markup]:
    """Entries from left to right; a name that would make the last one leave the picture is cut."""
    room = (WIDTH - LEFT - RIGHT) / len(panel.series) - 30
    fits = sum(30 + LETTER * len(series.name) for series in panel.series) <= WIDTH - LEFT - RIGHT
    x = float(LEFT)
    for place, series in enumerate(panel.series):
        number, name = place % SERIES, series.name if fits else shortened(series.name, int(room / LETTER))
        mark = _shape(SHAPES[number], x + 5, 33, 4.5)
        said = None if name == series.name else tag("title", series.name)
        yield tag(
            "g", said, mark, tag("text", name, x=round(x + 15, 1), y=37, class_="key"), class_=f"series s{number}"
        )
        x += 30 + LETTER * len(name)


def shortened(name: str, most: int) -> str:
    """At most so many letters, the middle left out."""
    if len(name) <= most:
        return name
    return f"{name[: most // 2]}…{name[len(name) - (most - 1 - most // 2) :]}"


def _grid(panel: Panel, across: Scale, up: Scale) -> Iterator[Markup]:
    step = up.ticks(6)[1] - up.ticks(6)[0] if len(up.ticks(6)) > 1 else 1.0
    digits = max(0, ceil(-log10(abs(step)) - 1e-9)) if step else 0
    digits += round(step * 10**digits, 6) % 1 > 0
    for tick in up.ticks(6):
        yield tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=_y(up, tick), y2=_y(up, tick), class_="grid")
        yield tag("text", plain(tick, digits), x=LEFT - 8, y=_y(up, tick) + 4, text_anchor="end", class_="tick")
    for name, value in panel.levels:
        yield tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=_y(up, value), y2=_y(up, value), class_="level")
        yield tag("text", name, x=WIDTH - RIGHT + 6, y=_y(up, value) + 4, class_="tick")
    for place, name in _ticks(panel, across):
        yield tag("text", name, x=_x(across, place), y=HEIGHT - BOTTOM + 18, text_anchor="middle", class_="tick")
    yield tag("text", panel.across, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 8, text_anchor="middle", class_="axis")
    yield tag("text", panel.up, x=LEFT, y=54 if len(panel.series) > 1 else 37, class_="axis")


def _ticks(panel: Panel, across: Scale) -> list[tuple[float, str]]:
    if panel.axis == "names":
        return [(float(place), name) for place, name in enumerate(panel.names)]
    if panel.axis == "numbers":
        step = round_step((across.high - across.low) / 5)
        digits = max(0, ceil(-log10(step) - 1e-9))
        return [(tick, plain(tick, digits)) for tick in across.ticks(6)]
    values = sorted({mark.at for series in panel.series for mark in series.marks})
    return list(_apart([(_place(panel, value), f"{value:g}") for value in values], across))


def _apart(ticks: Sequence[tuple[float, str]], across: Scale) -> Iterator[tuple[float, str]]:
    """Those that do not run into the one before."""
    end = float("-inf")
    for place, name in ticks:
        half = LETTER * len(name) / 2
        if _x(across, place) - half >= end:
            yield place, name
            end = _x(across, place) + half + LETTER


def _series(series: Series, number: int, panel: Panel, across: Scale, up: Scale, aside: float) -> Iterator[Markup]:
    """`aside` is how far its marks stand from their place, so that none hides that of another series."""
    places = [(_x(across, _place(panel, mark.at)) + aside, _y(up, mark.value), mark) for mark in series.marks]
    if series.kind == "line":
        yield tag("polyline", points=" ".join(f"{x},{y}" for x, y, _ in places), class_="line")
    for x, y, mark in places:
        if mark.ends:
            yield tag("line", x1=x, x2=x, y1=_y(up, mark.ends[0]), y2=_y(up, mark.ends[1]), class_="whisker")
        yield _shape(SHAPES[number], x, y, 2.5 if series.kind == "cloud" else 5)


def _shape(shape: str, x: float, y: float, size: float) -> Markup:
    if shape == "circle":
        return tag("circle", cx=round(x, 2), cy=round(y, 2), r=size, class_="mark")
    corners = {
        "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
        "triangle": ((0, -1.2), (1.1, 0.8), (-1.1, 0.8)),
        "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    }[shape]
    points = " ".join(f"{x + size * dx:.2f},{y + size * dy:.2f}" for dx, dy in corners)
    return tag("polygon", points=points, class_="mark")


def _place(panel: Panel, at: float) -> float:
    if panel.axis != "doublings":
        return at
    least = min((mark.at for series in panel.series for mark in series.marks if mark.at > 0), default=1.0)
    return log2(at) if at > 0 else log2(least) - 1


def _across(panel: Panel) -> Scale:
    if panel.axis == "names":
        return Scale(-0.5, len(panel.names) - 0.5)
    places = [_place(panel, mark.at) for series in panel.series for mark in series.marks] or [0.0]
    room = 0.06 * ((max(places) - min(places)) or 1.0)
    return Scale(min(places) - room, max(places) + room)


def _up(panel: Panel) -> Scale:
    values = [v for series in panel.series for mark in series.marks for v in (mark.value, *(mark.ends or ()))]
    values += [value for _, value in panel.levels]
    room = 0.08 * ((max(values) - min(values)) or abs(max(values)) or 1.0)
    return Scale(min(values) - room, max(values) + room)


def _x(scale: Scale, value: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (value - scale.low) / (scale.high - scale.low), 2)


def _y(scale: Scale, value: float) -> float:
    share = (value - scale.low) / (scale.high - scale.low)
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - share), 2)
