"""DELIA's seven steps: what the paper does in each, and what the run did."""

from __future__ import annotations

from unseen.reporting.markup import Markup, tag
from unseen.reporting.run_data import RunData
from unseen.reporting.tables import Column, section, table


def delia_section(run: RunData) -> Markup | None:
    """None where the run has no part of DELIA, or its record is older than these steps."""
    steps = run.record.delia
    if not steps:
        return None
    columns = [Column("step", "number"), Column("in the paper"), Column("in this run")]
    shown = table(columns, [(str(each.step), each.paper, each.told) for each in steps], "The steps of DELIA")
    source = tag("p", "The algorithm of DELIA (arXiv 2408.10841), and what became of each of its steps here.")
    return section("delia", "DELIA, step by step", source, shown)
