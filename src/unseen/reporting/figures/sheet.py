"""A figure of a page as one SVG that stands alone: light colours written out, fixed sizes, text as text.

A page's figures stretch with it: they count in per cent, and their colours are CSS variables. Here both are resolved
for one width and the light setting, since few programs beside browsers know them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from unseen.reporting.document import asset
from unseen.reporting.figures.pictures import Figure, Key, Line
from unseen.reporting.markup import Markup, joined, tag

MARGIN, LETTER, GAP = 20, 6.7, 18  # pixels: round the picture, of a letter of 12 px, between columns
STRIP, DRAWING = 440, 860  # pixels of a strip's and of a drawing's width
LEADING = 13  # pixels between two lines of a cell
TITLE, KEYS, HEAD, ROW = 34, 26, 24, 30  # pixels of height
PAGE, PANELS = "page.css", "panels.css"
FONTS = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', 'Liberation Sans', sans-serif"
OF_FIGURES = re.compile(r"^(?:svg|\.(?:strip|base|base_plain|tuned|difference|curve|shares|panels|label\d))\b")
PER_CENT = re.compile(r'="(-?[\d.]+)%"')
STRETCHED = re.compile(
    r'<svg x="([\d.]+)" width="([\d.]+)" y="([\d.]+)" height="([\d.]+)" viewBox="0 0 1000 1000"[^>]*>(.*?)</svg>', re.S
)
POINTS = re.compile(r'points="([^"]*)"')


def sheet(figure: Figure) -> Markup:
    """The picture of one figure."""
    return _drawing(figure) if figure.drawing else _strips(figure)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each column begins and how wide it is, in pixels."""

    starts: tuple[float, ...]
    widths: tuple[float, ...]

    @property
    def width(self) -> float:
        return self.starts[-1] + self.widths[-1] + MARGIN


def _layout(figure: Figure) -> Layout:
    texts = [[figure.heads[place], *(line.cells[place] for line in figure.lines)] for place in range(len(figure.heads))]
    widths = [LETTER * max(_letters(line) for text in column for line in text.split("\n")) for column in texts]
    widths[figure.at] = STRIP
    starts = [MARGIN + sum(widths[:place]) + GAP * place for place in range(len(widths))]
    return Layout(tuple(starts), tuple(widths))


def _letters(said: str) -> int:
    """How many Latin letters a text is as wide as: those of Chinese, Japanese and Korean are two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in said)


def _strips(figure: Figure) -> Markup:
    layout = _layout(figure)
    title = figure.title
    width = max(layout.width, 2 * MARGIN + 8.2 * len(title))
    top = MARGIN + TITLE + (KEYS if figure.keys else 0)
    height = top + HEAD + ROW * len(figure.lines) + MARGIN
    drawn = [
        _text(title, MARGIN, MARGIN + 14, "title"),
        *_legend(figure.keys, MARGIN + TITLE),
        *_head(figure, layout, top),
        *(part for n, line in enumerate(figure.lines) for part in _row(figure, line, layout, top + HEAD + ROW * n)),
    ]
    return _whole(drawn, width, height, title)


def _head(figure: Figure, layout: Layout, y: float) -> Iterator[Markup]:
    for place, name in enumerate(figure.heads):
        if place == figure.at:
            yield _placed(figure.axis, layout.starts[place], y, STRIP)
        else:
            yield _text(name, layout.starts[place], y + 12, "head")


def _row(figure: Figure, line: Line, layout: Layout, y: float) -> Iterator[Markup]:
    parts = [
        _placed(line.strip, layout.starts[place], y + (ROW - _size(line.strip, "height")) / 2, STRIP)
        if place == figure.at
        else _lines(cell, layout.starts[place], y + ROW / 2)
        for place, cell in enumerate(line.cells)
    ]
    yield tag("g", *parts, opacity=0.35 if line.void else None)


def _lines(cell: str, x: float, middle: float) -> Markup:
    """The lines of a cell, one below the other round its middle."""
    lines = cell.split("\n")
    first = middle + 4 - LEADING * (len(lines) - 1) / 2
    return joined(*(_text(line, x, first + LEADING * number, "cell") for number, line in enumerate(lines)))


def _size(drawing: str, side: str) -> float:
    """The width or height of a drawing as it says it; that of a row where it says none."""
    found = re.match(rf'<svg [^>]*\b{side}="(\d+)"', drawing)
    return float(found[1]) if found else ROW


def _legend(keys: Sequence[Key], y: float) -> Iterator[Markup]:
    x = float(MARGIN)
    for key in keys:
        yield tag("g", _sign(key, x + 5, y + 5), class_=" ".join(sorted(key.kind)))
        yield _text(key.name, x + 16, y + 9, "cell")
        x += 34 + LETTER * len(key.name)


def _sign(key: Key, x: float, y: float) -> Markup:
    """A mark as it stands in the figure: a dashed line for a reference, a dot for a model, a square for a label."""
    if "line" in key.kind:
        name = next(iter(key.kind - {"line"}), "")
        return tag("g", tag("line", x1=x, x2=x, y1=y - 7, y2=y + 7, class_=f"reference {name}"), class_="strip")
    label = next((kind for kind in key.kind if kind.startswith("label")), None)
    if label:
        return tag("rect", x=x - 5, y=y - 5, width=10, height=10, class_=label)
    kind = next(iter(key.kind), "")
    if kind in ("train", "validation"):
        dot = tag("circle", cx=x, cy=y, r=4, class_=kind)
        stroke = tag("polyline", points=f"{x - 6},{y} {x + 6},{y}", class_=kind)
        return tag("g", dot if kind == "validation" else stroke, class_="curve")
    return tag("g", tag("circle", cx=x, cy=y, r=4.5, class_="dot"), class_=kind)


def _drawing(figure: Figure) -> Markup:
    if figure.titled:
        drawn = _placed(figure.drawing, MARGIN, MARGIN, DRAWING)
        height = 2 * MARGIN + _size(figure.drawing, "height")
        return _whole([drawn], 2 * MARGIN + _size(figure.drawing, "width"), height, figure.title)
    top = MARGIN + TITLE + (KEYS if figure.keys else 0)
    title = _text(figure.title, MARGIN, MARGIN + 14, "title")
    placed = _placed(figure.drawing, MARGIN, top, DRAWING)
    width, height = DRAWING + 2 * MARGIN, top + _size(figure.drawing, "height") + MARGIN
    return _whole([title, *_legend(figure.keys, MARGIN + TITLE), placed], width, height, figure.title)


def _placed(drawing: str, x: float, y: float, width: float) -> Markup:
    """A drawing of the page at a place, with every per cent as pixels of this width."""
    fixed = PER_CENT.sub(lambda found: f'="{float(found[1]) * width / 100:.2f}"', drawing)
    return tag("g", Markup(STRETCHED.sub(_unstretched, fixed)), transform=f"translate({x:g} {y:g})")


def _unstretched(found: re.Match[str]) -> str:
    """Lines that a browser stretches over a box, with their own points there: strokes would be stretched elsewhere."""
    x, width, y, height = map(float, found.groups()[:4])

    def scaled(points: re.Match[str]) -> str:
        pairs = (pair.split(",") for pair in points[1].split())
        moved = (f"{x + float(a) * width / 1000:.2f},{y + float(b) * height / 1000:.2f}" for a, b in pairs)
        return f'points="{" ".join(moved)}"'

    return f"<g>{POINTS.sub(scaled, found[5])}</g>"


def _text(said: str, x: float, y: float, kind: str) -> Markup:
    return tag("text", said, x=round(x, 1), y=round(y, 1), class_=kind)


def _whole(drawn: Sequence[Markup], width: float, height: float, title: str) -> Markup:
    size = {"width": round(width), "height": round(height)}
    paper = tag("rect", x=0, y=0, **size, fill=_light(PAGE)["page"])
    box = f"0 0 {size['width']} {size['height']}"
    return tag(
        "svg", tag("title", title), tag("style", style()), paper, joined(*drawn),
        xmlns="http://www.w3.org/2000/svg", viewBox=box, font_family=FONTS, font_size=12, **size,
    )  # fmt: skip


def style() -> str:
    """The pages' own rules for figures, light, with every colour written out."""
    own = [".title{font-size:15px;font-weight:600}", f".head{{fill:{_light(PAGE)['faint']}}}"]
    return "\n".join([*own, *_rules(PAGE), *_rules(PANELS)])


def _rules(name: str) -> Iterator[str]:
    colours = _light(name)
    plain = re.sub(r"@media[^{]*\{(?:[^{}]*\{[^}]*\})*[^{}]*\}", "", asset(name))
    for names, rule in re.findall(r"([^{}]+)\{([^{}]*)\}", plain):
        if OF_FIGURES.match(names.strip()) and not rule.strip().startswith("--"):
            written = re.sub(r"var\(--([\w-]+)\)", lambda found: colours[found[1]], rule.strip())
            yield f"{names.strip()}{{{written}}}"


def _light(name: str) -> dict[str, str]:
    """The colours of the light setting of a style by name."""
    first = asset(name).split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", first))
