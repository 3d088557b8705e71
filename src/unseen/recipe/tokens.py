"""The values of `tokens`: tokens that the model is given."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from unseen.section import Section

MOST_TOKENS = 256
SPELLING = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]{1,64}")  # of a new token


class TokenSettings(Section):
    """A new token: what it stands for, in words, and where its row of the embedding begins."""

    description: str = Field("", max_length=10_000, description="what the token stands for, in words")
    init: Literal["description", "mean", "random", "default"] | None = Field(
        None, description="description where there is one, else mean; a token that the model knows keeps its row"
    )

    @model_validator(mode="after")
    def _words_to_begin_from(self) -> TokenSettings:
        if self.init == "description" and not self.description.strip():
            raise ValueError("init: description begins from the description's tokens, and there is no description")
        return self

    @property
    def start(self) -> Literal["description", "mean", "random", "default"]:
        """What the row of a token that the model does not know begins from."""
        return self.init or ("description" if self.description.strip() else "mean")
