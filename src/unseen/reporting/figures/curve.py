"""The loss curve: every step, a running mean where there are many, and the validation loss on held-out seen rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log10

from unseen.reporting.figures.scale import Scale
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import plain
from unseen.train.steplog import StepLine

HEIGHT, TOP, BOTTOM = 260, 12, 36
LEFT, WIDTH = 7.0, 91.0  # per cent
MOST_POINTS = 500
SMOOTH_FROM = 40  # steps from which single steps hide the trend

Points = Sequence[tuple[float, float]]
Level = Callable[[float], str]


def _level(ticks: Sequence[float]) -> Level:
    """Numbers with as many digits as tell the ticks apart."""
    digits = max(2, ceil(-log10(ticks[1] - ticks[0]) - 1e-9)) if len(ticks) > 1 else 2
    digits += any(round(tick, digits) != round(tick, digits + 2) for tick in ticks)  # steps of 2.5
    return lambda value: plain(value, digits)


@dataclass(frozen=True, slots=True)
class Line:
    """Points from left to right; `kind` is the class that gives the line its colour and its dashes."""

    points: Points
    kind: str


def loss_curve(steps: Sequence[StepLine]) -> Markup:
    """Loss by step. More than 500 steps are drawn as means of equal parts; the caption of the page says so."""
    validation = [(line.step, line.validation_loss) for line in steps if line.validation_loss is not None]
    return loss_chart(thinned([(line.step, line.loss) for line in steps]), validation)


def loss_chart(train: Points, validation: Points) -> Markup:
    """The same of points that are few enough already."""
    smooth = _running_mean(train) if len(train) >= SMOOTH_FROM else []
    known = validation if len(validation) > 1 else ()  # a single one is a dot, which all of them have
    lines = [Line(train, "train thin" if smooth else "train"), Line(smooth, "train"), Line(known, "validation")]
    return line_chart(lines, _told(train, validation), dots=validation)


def line_chart(lines: Sequence[Line], told: str, level: Level | None = None, dots: Points = ()) -> Markup:
    """Lines over optimizer steps on one scale; `told` says the figure in words, `level` what stands at a grid line,
    where that is not the number in as few digits as do."""
    points = [*dots, *(point for line in lines for point in line.points)]
    places = [x for x, _ in points]
    low, high = _range([y for _, y in points])
    across, up = Scale(min(places) - 1e-9, max(*places, min(places) + 1)), Scale(low, high)
    return tag(
        "svg",
        _axes(across, up, level),
        tag(
            "svg",
            [_path(line.points, across, up, line.kind) for line in lines],
            x=f"{LEFT}%", width=f"{WIDTH}%", y=TOP, height=HEIGHT - TOP - BOTTOM,
            viewBox="0 0 1000 1000", preserveAspectRatio="none",
        ),
        [_alone(line, across, up) for line in lines],
        [_marker(point, across, up) for point in dots],
        role="img", aria_label=told, class_="curve", width="100%", height=HEIGHT,
    )  # fmt: skip


def _told(train: Points, validation: Points) -> str:
    said = f"Training loss from {plain(train[0][1], 2)} at step 1 to {plain(train[-1][1], 2)} at the last"
    return said + (f"; validation loss {plain(validation[-1][1], 2)} at the end" if validation else "")


def _axes(across: Scale, up: Scale, level: Level | None) -> Markup:
    ticks = up.ticks(6)
    level = level or _level(ticks)
    levels = [
        joined(
            tag("line", x1=f"{LEFT}%", x2=f"{LEFT + WIDTH}%", y1=_y(up, tick), y2=_y(up, tick), class_="grid"),
            tag("text", level(tick), x=f"{LEFT - 0.8}%", y=_y(up, tick), dy=4, text_anchor="end", class_="tick"),
        )
        for tick in ticks
    ]
    steps = [
        tag("text", f"{tick:.0f}", x=_x(across, tick), y=HEIGHT - BOTTOM + 16, text_anchor="middle", class_="tick")
        for tick in across.ticks(6)
        if tick == int(tick)
    ]
    name = tag("text", "step", x=f"{LEFT + WIDTH / 2}%", y=HEIGHT - 3, text_anchor="middle", class_="tick")
    return joined(levels, steps, name)


def _path(points: Points, across: Scale, up: Scale, kind: str) -> Markup | None:
    if len(points) < 2:
        return None
    placed = " ".join(f"{10 * _share(across, x):.1f},{1000 - 10 * _share(up, y):.1f}" for x, y in points)
    return tag("polyline", points=placed, class_=kind, vector_effect="non-scaling-stroke")


def _alone(line: Line, across: Scale, up: Scale) -> Markup | None:
    """The one point of a line that has no second one yet: a ring."""
    if len(line.points) != 1:
        return None
    (step, value), *_ = line.points
    said = tag("title", f"step {step:.0f}: {value:.3g}")
    return tag("circle", said, cx=_x(across, step), cy=_y(up, value), r=5, class_=f"{line.kind} alone")


def _marker(point: tuple[float, float], across: Scale, up: Scale) -> Markup:
    label = f"step {point[0]:.0f}: validation loss {plain(point[1], 3)}"
    return tag("circle", tag("title", label), cx=_x(across, point[0]), cy=_y(up, point[1]), r=4, class_="validation")


def _share(scale: Scale, value: float) -> float:
    """Per cent of the way from the scale's low end to its high end."""
    return 100 * (value - scale.low) / (scale.high - scale.low)


def _x(across: Scale, value: float) -> str:
    return f"{LEFT + WIDTH * _share(across, value) / 100:.2f}%"


def _y(up: Scale, value: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - _share(up, value) / 100), 1)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """From zero when the smallest value is near it, with some room above."""
    low, high = min(values), max(values)
    room = (high - low or abs(high) or 1.0) * 0.08
    return (0.0 if 0 <= low < 0.4 * high else low - room), high + room


def thinned(points: Points) -> Points:
    """At most `MOST_POINTS`: means of equal parts, each at the part's last place."""
    size = -(-len(points) // MOST_POINTS)
    parts = [points[start : start + size] for start in range(0, len(points), size)]
    return [(part[-1][0], sum(y for _, y in part) / len(part)) for part in parts]


def _running_mean(points: Points) -> Points:
    """Mean over a twentieth of the points around each."""
    half = max(1, len(points) // 40)
    sums = [0.0]
    for _, y in points:
        sums.append(sums[-1] + y)
    spans = [(max(0, i - half), min(len(points), i + half + 1)) for i in range(len(points))]
    return [(points[i][0], (sums[b] - sums[a]) / (b - a)) for i, (a, b) in enumerate(spans)]


def is_thinned(steps: Sequence[StepLine]) -> bool:
    return len(steps) > MOST_POINTS
