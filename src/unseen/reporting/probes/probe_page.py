"""A probe's page: the sentence, its figures, what to know about them, the points, and how they were made."""

from __future__ import annotations

import json
from collections.abc import Iterator

from unseen.reporting.document import document
from unseen.reporting.figures.panels import panels
from unseen.reporting.markup import Markup, tag
from unseen.reporting.numbers import facts
from unseen.reporting.probes.told import Told
from unseen.reporting.tables import Column, section, table
from unseen.study.bundle import plain

STYLE = "panels.css"


def probe_page(told: Told) -> Markup:
    """The whole page. It holds no text of any row."""
    title = f"Probe: {told.probe}"
    opening = tag(
        "section",
        tag("p", told.sentence, class_="asked"),
        *(tag("figure", panels([each], each.title)) for each in told.panels),
        tag("ul", *(tag("li", each) for each in told.caveats), class_="caveats"),
        id="verdict",
        aria_label="Verdict",
    )
    columns = [Column(told.heads[0]), *(Column(head, "number") for head in told.heads[1:])]
    sections = [
        section("points", "The points", table(columns, told.lines, "Points of the figures")),
        section("made", "How this was made", facts(list(made_of(told)))),
    ]
    return document(title, told.sentence, tag("h1", title), opening, sections, ("page.css", STYLE))


def made_of(told: Told) -> Iterator[tuple[str, str]]:
    """Settings, counts, models and versions: names and values."""
    for name in ("settings", "counts", "models", "versions"):
        yield from ((f"{name}: {key}", _text(value)) for key, value in plain(getattr(told, name)).items())


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
