"""The section `hold_out`: what the unseen side shares nothing of."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unseen.section import Section


class HoldOutSettings(Section):
    """The claim, and what happens where the sides' texts overlap."""

    level: Literal["row", "task", "dataset", "cluster"] = Field(
        "cluster", description="the claim: what the unseen side shares nothing of with the seen side"
    )
    overlap: Literal["refuse", "drop_seen", "clean_subset"] = Field(
        "refuse", description="where texts lie on both sides: stop, leave the seen rows out, or ask only clean rows"
    )
    rules: str | None = Field(None, description="rules on clusters that exclude each other: flan")
    near: float = Field(0.9, gt=0.5, le=1.0, description="similarity from which two short rows are near-duplicates")
    ngram: int = Field(13, ge=5, le=50, description="length, in words, of the n-grams compared")
