"""The section `mixture`: how often each task is drawn."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unseen.recipe.values import MANY
from unseen.section import Section


class MixtureSettings(Section):
    rate: Literal["examples", "equal", "temperature"] = Field(
        "examples", description="how often a task is drawn: by its rows up to cap, all alike, or by rows to a power"
    )
    cap: int = Field(3000, ge=1, le=MANY, description="rows of a task beyond this do not raise its rate")
    temperature: float = Field(
        2.0, ge=1.0, le=1000.0, description="with rate: temperature, 1 is by rows and more is evener"
    )
    group: int = Field(1, ge=1, le=MANY, description="rows of a task that are drawn together")
    rows: int | None = Field(
        None, ge=1, le=MANY, description="rows of a dataset that are tuned on; fewer ones are among more ones"
    )
