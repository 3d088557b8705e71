"""The section `templates`: which ways to ask, and what of their own words."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unseen.recipe.values import MANY
from unseen.section import Section

Wording = Literal["instructions", "dataset_name", "none", "context"]


class TemplateSettings(Section):
    per_task: int = Field(
        10, ge=1, le=MANY, description="at most so many templates a task, in the order of its description"
    )
    turned: bool = Field(True, description="tune on turned-around templates of seen tasks too")
    options: Literal["as_written", "suffix"] = Field(
        "as_written", description="suffix: FLAN's list of OPTIONS behind prompts that choose and list no choices"
    )
    wording: Wording = Field("instructions", description="what of the templates' own words is tuned on")
