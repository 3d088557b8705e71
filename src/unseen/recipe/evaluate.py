"""The section `evaluate`: what is asked of base and tuned, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from unseen.recipe.instructions import Encodings
from unseen.recipe.templates import Wording
from unseen.recipe.values import MANY, Seed, SeveralShots, listed
from unseen.section import Section

AskedWording = Literal["original", "trained", "unseen", "bare", "forbidding", "no_token"]


class HintSettings(Section):
    """Senses of rare words of a row, behind the prompts that are asked (DiPMT)."""

    dictionary: str = Field(min_length=1, description="a file of words with their senses: diversify dictionary")
    column: str = Field("text", description="the column whose words get hints")
    most: int = Field(5, ge=1, le=1000, description="words of a row that get a hint, the rarest ones")
    senses: int = Field(3, ge=1, le=1000, description="senses of a word that are told")
    rare: int | None = Field(
        10, ge=0, le=MANY, description="how often a rare word stands at most in the dictionary's rows; null for any"
    )


class EvaluateSettings(Section):
    shots: SeveralShots = Field((0,), description="numbers of exemplars to ask with: numbers, zero, one or few")
    rows: int | None = Field(200, ge=1, le=MANY, description="rows of a task; null for all")
    seen_rows: int | None = Field(None, ge=1, le=MANY, description="rows of a seen task; as rows when absent")
    exemplars: Literal["task", "row"] = Field("task", description="few-shot exemplars fixed per task, or drawn per row")
    exemplar_layout: Literal["turns", "one_turn"] = Field(
        "turns", description="exemplars as turns of a chat, or all in the turn that asks"
    )
    balanced: bool = Field(False, description="as many exemplars of each right answer, as far as the shots allow")
    wording: Wording | None = Field(None, description="as templates.wording, in evaluation; the same when absent")
    wordings: Annotated[tuple[AskedWording, ...], Field(min_length=1), BeforeValidator(listed)] = Field(
        ("unseen",), description="kinds of wordings that are asked in, where diversity.wordings has some"
    )
    formats: int | None = Field(
        None, ge=1, le=1000, description="ask through so many formats of a grammar in place of the templates"
    )
    instructions: Encodings = Field((), description="encodings asked through; as instructions when absent")
    scoring: Literal["sum", "tokens", "unconditional"] = Field(
        "sum", description="choices ranked by summed log-probability, its mean a token, or against no question"
    )
    max_new_tokens: int = Field(64, ge=1, le=MANY, description="the longest generation, in tokens")
    seen: bool = Field(True, description="ask the seen tasks too, on rows that were not tuned on")
    base: bool = Field(True, description="ask the untuned model too; its scores are what tuning is compared with")
    plain_base: bool = Field(True, description="also ask the untuned model with plain GPT-3-style prompts")
    templates: int | None = Field(
        None, ge=1, le=MANY, description="templates a task in evaluation; as templates.per_task when absent"
    )
    seeds: tuple[Seed, ...] = Field((0,), min_length=1, description="seeds of the exemplar draw")
    hints: HintSettings | None = Field(None, description="dictionary hints behind the prompts that are asked")
    bleurt: str | None = Field(None, description="folder of a converted BLEURT-20; adds the metric bleurt")

    @model_validator(mode="after")
    def _formats_or_wording(self) -> EvaluateSettings:
        if self.formats and self.wording not in (None, "instructions"):
            raise ValueError("formats ask in place of the templates, so there is no wording to change; leave one out")
        return self

    def rows_of(self, side: Literal["seen", "unseen"]) -> int | None:
        """At most so many rows of a task on this side are asked."""
        return self.seen_rows if side == "seen" and self.seen_rows is not None else self.rows
