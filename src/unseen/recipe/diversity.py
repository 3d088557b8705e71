"""The section `diversity`: wordings of an instruction, and diverse data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from unseen.recipe.values import as_number
from unseen.section import Section


class DiversitySettings(Section):
    """Diverse data that buffers the tasks' biased features (DELIA)."""

    ratio: float = Field(0.0, ge=0.0, le=100_000.0, description="diverse examples for each example of the tasks")
    wordings: str | None = Field(
        None,
        description="a file of diversify instructions; templates.per_task of its wordings are tuned on",
    )
    source: str | None = Field(None, description="a file of chats, or the folder that diversify questions wrote")
    schedule: Literal["shuffled", "alternating", "stages"] = Field(
        "shuffled", description="diverse examples among the others, taking turns with them, or after them"
    )
    fraction: Annotated[float, Field(gt=0.0, le=1.0), BeforeValidator(as_number)] = Field(
        1 / 256, description="with schedule: stages, as much of the tasks' examples comes again among the diverse ones"
    )

    @model_validator(mode="after")
    def _where_it_lies(self) -> DiversitySettings:
        if self.ratio and self.source is None:
            raise ValueError("a ratio needs a source; write one with: unseen diversify questions --out FOLDER")
        if self.schedule == "stages" and not self.ratio:
            raise ValueError("schedule: stages has diverse data in its second stage; give it a ratio and a source")
        return self
