"""One-line figures that stand in the cells of a table: dots on a scale, an interval round a difference, an axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unseen.reporting.figures.scale import SCORES, Scale
from unseen.reporting.markup import Markup, tag
from unseen.reporting.numbers import Ends, plain, signed

HEIGHT, MIDDLE = 30, 15
TOUCHING = 1.4  # per cent of the width within which two dots would cover each other
STACK = (0, -5, 5, -10, 10)


@dataclass(frozen=True, slots=True)
class Dots:
    """What a model scored on a task: its templates, their median with its interval, and what to hold it against.

    `templates` are labels and scores; `lines` are reference values by name ("chance", "majority").
    """

    model: str
    templates: Sequence[tuple[str, float]]
    median: float
    interval: Ends
    quartiles: Ends
    lines: Sequence[tuple[str, float]]
    label: str


def axis(scale: Scale, difference: bool) -> Markup:
    """The scale's numbers, for the head of a column of strips."""
    shown = signed if difference else plain
    marks = [
        tag("text", shown(tick).removesuffix(".0"), x=scale.at(tick), y=12, class_="tick", text_anchor="middle")
        for tick in scale.ticks()
    ]
    return tag("svg", *marks, class_="strip axis", width="100%", height=16, aria_hidden="true")


def dot_strip(dots: Dots, scale: Scale = SCORES) -> Markup:
    """Templates as dots, their quartiles as a bar, the median as a stroke, its 95 % interval as a line."""
    lines = [
        tag("line", tag("title", f"{name} {plain(value)}"), **_vertical(scale, value), class_=f"reference {name}")
        for name, value in dots.lines
    ]
    bar = _box(scale, dots.quartiles, "quartiles", 8)
    whisker = _line(scale, dots.interval, "interval")
    median = tag("line", **_vertical(scale, dots.median, 4), class_="median")
    drawn = [*_grid(scale), *lines, bar, whisker, *_swarm(dots, scale), median]
    return tag(
        "svg", *drawn, role="img", aria_label=dots.label, class_=f"strip {dots.model}", width="100%", height=HEIGHT
    )


def difference_strip(scale: Scale, score: float, interval: Ends, detectable: float | None, label: str) -> Markup:
    """A difference with its interval; the band round zero holds differences that so few rows would mostly not show."""
    return judged_strip(scale, score, interval, detectable, effect(interval), label)


def judged_strip(scale: Scale, score: float, interval: Ends, detectable: float | None, kind: str, label: str) -> Markup:
    """The same for a difference that was judged: `kind` is better, worse, same (shown to be small) or open."""
    band = _box(scale, None if detectable is None else (-detectable, detectable), "band", 0)
    zero = tag("line", **_vertical(scale, 0), class_="zero")
    whisker = _line(scale, interval, "interval")
    dot = tag("circle", cx=scale.at(score), cy=MIDDLE, r=5, class_="dot")
    drawn = [band, *_grid(scale), zero, whisker, dot]
    shown = f"strip difference {kind}"
    return tag("svg", *drawn, role="img", aria_label=label, class_=shown, width="100%", height=HEIGHT)


def before_and_after(scale: Scale, models: Sequence[tuple[str, float, Ends]], label: str) -> Markup:
    """Base above tuned on one strip, each with its interval; `models` are names, scores and intervals."""
    drawn: list[Markup | None] = [*_grid(scale)]
    for model, score, ends in models:
        y = MIDDLE + (5 if model == "tuned" else -5)
        dot = tag("circle", cx=scale.at(score), cy=y, r=4, class_="dot")
        drawn.append(tag("g", _line(scale, ends, "interval", y), dot, class_=model))
    return tag("svg", *drawn, role="img", aria_label=label, class_="strip", width="100%", height=HEIGHT)


def effect(interval: Ends) -> str:
    """better, worse or open: what an interval of a difference says."""
    if interval is None or interval[0] <= 0 <= interval[1]:
        return "open"
    return "better" if interval[0] > 0 else "worse"


def _swarm(dots: Dots, scale: Scale) -> Iterator[Markup]:
    """A dot a template; those that would cover each other are moved up and down."""
    previous, run = -TOUCHING, 0
    for name, score in sorted(dots.templates, key=lambda each: each[1]):
        place = scale.place(score)
        run = run + 1 if place - previous < TOUCHING else 0
        previous = place if not run else previous
        y = MIDDLE + STACK[run % len(STACK)]
        yield tag("circle", tag("title", name), cx=scale.at(score), cy=y, r=3.5, class_="dot")


def _grid(scale: Scale) -> list[Markup]:
    return [tag("line", **_vertical(scale, tick), class_="grid") for tick in scale.ticks()]


def _vertical(scale: Scale, value: float, inset: int = 0) -> dict[str, str | int]:
    return {"x1": scale.at(value), "x2": scale.at(value), "y1": inset, "y2": HEIGHT - inset}


def _line(scale: Scale, ends: Ends, kind: str, y: int = MIDDLE) -> Markup | None:
    if ends is None:
        return None
    return tag("line", x1=scale.at(ends[0]), x2=scale.at(ends[1]), y1=y, y2=y, class_=kind)


def _box(scale: Scale, ends: Ends, kind: str, inset: int) -> Markup | None:
    if ends is None:
        return None
    return tag("rect", x=scale.at(ends[0]), width=scale.width(*ends), y=inset, height=HEIGHT - 2 * inset, class_=kind)
