"""The figures of a page as PNG files, drawn by resvg (the extra `plots`)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from unseen.errors import DataMistake, MissingExtra
from unseen.reporting.figures.pictures import figures_of, names_of
from unseen.reporting.figures.sheet import sheet
from unseen.reporting.markup import Markup
from unseen.reporting.writing import written

ZOOM = 2  # pixels of the file for each of the picture: sharp on a dense screen and in print


def write_figures(page: Markup, folder: Path) -> Path:
    """One PNG for every figure of `page` into `folder`, named after the figure; the folder.

    Raises `MissingExtra` without the renderer, and `DataMistake` for a page without figures.
    """
    if not _has_renderer():
        raise MissingExtra("plots", "drawing figures as PNG")
    figures = figures_of(page)
    if not figures:
        raise DataMistake(str(folder), "there is no figure to draw", "name a run that was asked or tuned")
    for figure, name in zip(figures, names_of(figures), strict=True):
        written(png(sheet(figure)), folder / f"{name}.png")
    return folder


def png(svg: Markup) -> bytes:
    """A picture as PNG."""
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=ZOOM))


def _has_renderer() -> bool:
    try:
        return find_spec("resvg_py") is not None
    except ValueError:  # it was forbidden to be loaded
        return False
