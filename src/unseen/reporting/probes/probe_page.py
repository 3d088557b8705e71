"""A probe's page: the sentence, its figures, what to know about them, the points, and how they were made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from unseen.reporting.document import document
from unseen.reporting.figures.panels import panels
from unseen.reporting.markup import Markup, tag
from unseen.reporting.numbers import facts
from unseen.reporting.probes.told import Told
from unseen.reporting.sections.made import flat
from unseen.reporting.tables import Column, folded, section, table
from unseen.study.bundle import plain

STYLE = "panels.css"
RECIPE = "recipe"  # a setting with many values


def probe_page(told: Told) -> Markup:
    """The whole page. It holds no text of any row."""
    title = f"Probe: {told.probe}"
    opening = tag(
        "section",
        tag("p", told.sentence, class_="asked"),
        *(
            tag("figure", panels([each], each.title), class_="wide", tabindex=0, aria_label=each.title)
            for each in told.panels
        ),
        tag("ul", *(tag("li", each) for each in told.caveats), class_="caveats"),
        id="verdict",
        aria_label="Verdict",
    )
    columns = [Column(told.heads[0]), *(Column(head, "number") for head in told.heads[1:])]
    sections = [
        section("points", "The points", table(columns, told.lines, "Points of the figures")),
        section("made", "How this was made", facts(list(made_of(told))), _recipe(told)),
    ]
    return document(title, told.sentence, tag("h1", title), opening, sections, ("page.css", STYLE))


def _recipe(told: Told) -> Markup | None:
    columns = [Column("setting"), Column("value")]
    values = recipe_of(told)
    return folded("The recipe, every default written out", table(columns, values, "The recipe")) if values else None


def made_of(told: Told) -> Iterator[tuple[str, str]]:
    """Settings, counts, models and versions: names and values; without the recipe."""
    for name in ("settings", "counts", "models", "versions"):
        for key, value in plain(getattr(told, name)).items():
            if key != RECIPE:
                yield f"{name}: {key}", said(value)


def recipe_of(told: Told) -> list[tuple[str, str]]:
    """The recipe's values by their keys; none where the probe was not given one."""
    return list(flat(plain(told.settings.get(RECIPE, {}))).items())


def said(value: Any) -> str:
    """A value as a person reads it: a, b and c; name: value."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {said(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(said, value)) or "none"
    return {True: "yes", False: "no", None: "none"}[value] if value is None or isinstance(value, bool) else str(value)
