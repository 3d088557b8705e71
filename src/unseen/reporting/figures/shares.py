"""Shares of labels as one bar: a model that always says the same is one colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unseen.reporting.markup import Markup, tag

COLOURS = 8  # of the palette; more labels begin again


def share_bar(shares: Sequence[float], names: Sequence[str], label: str) -> Markup:
    """`shares` (0..1, together 1) from left to right, a colour a place."""
    return tag("svg", *_pieces(shares, names), role="img", aria_label=label, class_="shares", width="100%", height=18)


def _pieces(shares: Sequence[float], names: Sequence[str]) -> Iterator[Markup]:
    start = 0.0
    for place, (share, name) in enumerate(zip(shares, names, strict=True)):
        kind = f"label{place % COLOURS}"
        title = tag("title", f"{name}: {share:.0%}")
        if share > 0:
            yield tag("rect", title, x=f"{100 * start:.2f}%", width=f"{100 * share:.2f}%", y=0, height=18, class_=kind)
        start += share
