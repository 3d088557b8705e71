"""The first draws of a mixture: a lane for each task, a stroke for each example, a line where a step ends."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import whole

LANE, STROKE, WIDE = 16, 12, 1000  # height of a lane and of a stroke in it, width of all draws
LEAST_STEP = 4  # width below which the ends of steps are not drawn


def lanes(names: Sequence[str], draws: Sequence[int], per_step: int, label: str, ends: int) -> Markup:
    """`draws` are numbers of `names`, in order; where a stroke stands tells its place in the order, its lane its task,
    so colour tells nothing. A bold line stands behind the first `ends` of them, where some are left."""
    unit = WIDE / max(len(draws), 1)
    strokes: dict[int, list[str]] = {}
    for place, lane in enumerate(draws):
        strokes.setdefault(lane, []).append(f"M{(place + 0.5) * unit:.1f} {lane * LANE + 2}v{STROKE}")
    height = LANE * len(names)
    drawn = [
        tag("path", tag("title", f"{name}: {whole(len(strokes.get(lane, ())))} of {whole(len(draws))}"),
            d="".join(strokes[lane]), stroke_width=f"{max(min(unit * 0.8, 6), 0.6):.2f}", class_="draw")
        for lane, name in enumerate(names) if lane in strokes
    ]  # fmt: skip
    beds = [tag("rect", x=0, y=lane * LANE, width=WIDE, height=LANE, class_="lane") for lane in range(0, len(names), 2)]
    figure = tag("svg", *beds, *_steps(len(draws), per_step, unit, height), *drawn,
                 _end(ends, len(draws), unit, height), role="img", aria_label=label,
                 class_="lanes", viewBox=f"0 0 {WIDE} {height}", preserveAspectRatio="none", height=height,
                 width="100%")  # fmt: skip
    named = tag("ul", *(tag("li", name, title=name) for name in names), class_="lane-names")
    return tag("div", named, figure, class_="lane-figure")


def _end(ends: int, count: int, unit: float, height: int) -> Markup | None:
    """Where a run ends, and what of the draws behind it is not taken."""
    if ends >= count:
        return None
    x = ends * unit
    behind = tag("rect", x=f"{x:.1f}", y=0, width=f"{WIDE - x:.1f}", height=height, class_="not-taken")
    return joined(behind, tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=0, y2=height, class_="run-end"))


def _steps(count: int, per_step: int, unit: float, height: int) -> list[Markup]:
    if per_step * unit < LEAST_STEP:
        return []
    places = (step * per_step * unit for step in range(1, -(-count // per_step)))
    return [tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=0, y2=height, class_="step-end") for x in places]
