"""The values of `instructions`: how an instruction is put."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from unseen.recipe.values import listed
from unseen.section import Section

InstructionPart = Literal["title", "definition", "prompt", "avoid", "emphasis", "negative", "positive"]


class EncodingSettings(Section):
    """An encoding of instructions; what it leaves out is as in the encoding that its layout is named after."""

    manual: ClassVar[str] = "docs/instructions.md"

    layout: Literal["tk_instruct", "natural_instructions"] = Field(
        "tk_instruct", description="the collection whose layout is written"
    )
    parts: tuple[InstructionPart, ...] | None = Field(None, description="in the order in which v1's layout writes them")
    positive: int | None = Field(None, ge=0, le=1000, description="at most so many positive examples")
    negative: int | None = Field(None, ge=0, le=1000, description="at most so many negative examples")
    explanations: bool | None = Field(None, description="show the reasons and suggestions of examples")
    without: tuple[str, ...] = Field((), description="parts to take away, or `examples`, or `explanations`")


Encodings = Annotated[tuple[str | EncodingSettings, ...], BeforeValidator(listed)]
