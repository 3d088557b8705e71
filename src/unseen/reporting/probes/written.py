"""A probe's folder: numbers.json, plot.svg and page.html."""

from __future__ import annotations

import json
from pathlib import Path

from unseen.reporting.document import asset, document
from unseen.reporting.figures.panels import panels
from unseen.reporting.markup import Markup, tag
from unseen.reporting.numbers import facts
from unseen.reporting.probes.told import Told
from unseen.reporting.tables import Column, section, table
from unseen.reporting.writing import written
from unseen.study.bundle import plain
from unseen.study.fingerprint import versions

STYLE = "panels.css"


def write_probe(folder: Path, told: Told) -> Path:
    """Write all three, each whole or not at all; the path of the page."""
    numbers = json.dumps(numbers_of(told), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    written(numbers, folder / "numbers.json")
    written(_picture(told), folder / "plot.svg")
    return written(_page(told), folder / "page.html")


def numbers_of(told: Told) -> dict[str, object]:
    """Everything that was measured and what it follows from; numbers that are none (an open interval) are null."""
    said = {name: plain(getattr(told, name)) for name in ("settings", "models", "counts", "points", "caveats")}
    return {"probe": told.probe, "sentence": told.sentence, "versions": versions(), **said}


def _picture(told: Told) -> str:
    drawn = panels(told.panels, told.sentence, xmlns="http://www.w3.org/2000/svg")
    start = drawn.index(">") + 1
    return f"{drawn[:start]}{tag('style', asset(STYLE))}{drawn[start:]}\n"


def _page(told: Told) -> Markup:
    title = f"Probe: {told.probe}"
    opening = tag(
        "section",
        tag("p", told.sentence, class_="asked"),
        tag("figure", panels(told.panels, told.sentence)),
        tag("ul", *(tag("li", each) for each in told.caveats), class_="caveats"),
        id="verdict",
        aria_label="Verdict",
    )
    columns = [Column(told.heads[0]), *(Column(head, "number") for head in told.heads[1:])]
    sections = [
        section("points", "The points", table(columns, told.lines, "Points of the figure")),
        section("made", "How it was made", facts(_made(told))),
    ]
    return document(title, told.sentence, tag("h1", title), opening, sections, ("page.css", STYLE))


def _made(told: Told) -> list[tuple[str, object]]:
    """Settings, counts, models and versions, as text."""
    said = numbers_of(told)
    found: list[tuple[str, object]] = []
    for name in ("settings", "counts", "models", "versions"):
        values = said[name]
        assert isinstance(values, dict)
        found += [(f"{name}: {key}", _text(value)) for key, value in values.items()]
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
