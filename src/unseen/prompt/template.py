"""A template: a reviewed way to ask about a row, as data. `prompt/engine.py` compiles and renders it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Template:
    """Jinja sources of a prompt, its completion, its answer choices and its references.

    `syntax` is `unseen` (the fields below are separate sources) or `promptsource` (`prompt` holds the whole
    template, with its `|||`; `answer_choices` is the choices' source, joined by `|||`).
    """

    name: str
    prompt: str
    completion: str = ""
    answer_choices: tuple[str, ...] | str | None = None  # a list of Jinja sources, or one expression / `|||` source
    references: tuple[str, ...] | str | None = None
    syntax: Literal["unseen", "promptsource"] = "unseen"
    turned: bool = False  # input and answer change places; for tuning only
    original_task: bool = True
    choices_in_prompt: bool | None = None
    metrics: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    separator: str = "\n"  # between prompt and completion in the plain format
    plain: bool = False  # a GPT-3-style prompt without an instruction, for untuned base models
    where: str = ""  # file (and subset) that it came from, for messages
    dataset: str = ""  # name of the dataset that it asks about; part of the seed of `choice`
