"""A probe's folder: numbers.json, plot.svg and page.html; and from the first of them its page again, in any format."""

from __future__ import annotations

from pathlib import Path

from unseen.reporting.document import asset
from unseen.reporting.figures.panels import panels
from unseen.reporting.figures.png import write_figures
from unseen.reporting.markup import tag
from unseen.reporting.probes.numbers_file import NUMBERS, numbers_of, read_told
from unseen.reporting.probes.probe_markdown import probe_markdown
from unseen.reporting.probes.probe_page import STYLE, probe_page
from unseen.reporting.probes.told import Told
from unseen.reporting.writing import written


def write_probe(folder: Path, told: Told) -> Path:
    """Write all three, each whole or not at all; the path of the page."""
    written(numbers_of(told), folder / NUMBERS)
    written(_picture(told), folder / "plot.svg")
    return written(probe_page(told), folder / "page.html")


def probe_report(folder: Path, *, out: Path | None = None, format: str = "html") -> Path:
    """Write the page of a probe's folder again, by what numbers.json says; its path.

    Without `out` it is `page.html` (or `.md`) in the folder; its figures as png go into the folder `page-figures` in
    it. Raises `DataMistake` for a folder that is no probe's, and `MissingExtra` for png without the extra `plots`.
    """
    told = read_told(folder)
    if format == "md":
        return written(probe_markdown(told), out or folder / "page.md")
    page = probe_page(told)
    if format == "png":
        return write_figures(page, out or folder / "page-figures")
    return written(page, out or folder / "page.html")


def _picture(told: Told) -> str:
    drawn = panels(told.panels, told.sentence, xmlns="http://www.w3.org/2000/svg")
    start = drawn.index(">") + 1
    return f"{drawn[:start]}{tag('style', asset(STYLE))}{drawn[start:]}\n"
