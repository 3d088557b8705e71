"""Several runs on one page: verdicts, the same tasks side by side, and which settings differ."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.report.document import document
from unseen.report.markup import Markup, tag
from unseen.report.run_data import RunData


def comparison(runs: Sequence[RunData]) -> Markup:
    return document("comparison", "", tag("h1", "Comparison"), tag("p", "x"), [])
