"""An instruction: what Natural Instructions says of a task, and the encoding that makes a prompt of it.

The parts are those of Mishra et al. 2022 (arXiv 2104.08773, section 3): title, definition, emphasis & caution, things
to avoid, prompt, positive and negative examples. Super-NaturalInstructions (Wang et al. 2022, arXiv 2204.07705) keeps
definition and examples. `prompt/layouts.py` writes them, `prompt/encodings.py` names their encodings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

LayoutName = Literal["tk_instruct", "natural_instructions"]
PartName = Literal["title", "definition", "prompt", "avoid", "emphasis", "negative", "positive"]
ALL = 1000  # more examples than any task has


@dataclass(frozen=True, slots=True)
class InstructionExample:
    """An example of a task; `reason` says why it is right or wrong, `suggestion` how a wrong one would be right."""

    input: str
    output: str
    reason: str = ""
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Instruction:
    """The parts of an instruction; a part that a task lacks is empty."""

    title: str = ""
    definition: str = ""
    emphasis: str = ""
    avoid: str = ""
    prompt: str = ""
    positive: tuple[InstructionExample, ...] = ()
    negative: tuple[InstructionExample, ...] = ()

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Instruction:
        """The instruction that a task file's normalised fields hold (`Dataset.instruction`)."""
        examples = {kind: tuple(InstructionExample(**each) for each in said[kind]) for kind in ("positive", "negative")}
        return cls(**{**said, **examples})


@dataclass(frozen=True, slots=True)
class Encoding:
    """Which parts of an instruction a prompt shows, how many examples, and in whose layout.

    `parts` stand in the order in which the natural_instructions layout writes them; tk_instruct has its own order.
    `positive` and `negative` are at most so many examples, `explanations` shows their reasons and suggestions.
    """

    name: str
    layout: LayoutName
    parts: tuple[PartName, ...]
    positive: int = ALL
    negative: int = ALL
    explanations: bool = False


@dataclass(frozen=True, slots=True)
class Instructed:
    """A way to ask beside `Template`: an instruction in an encoding, before each row's `input`.

    The completion is one of the row's `output` texts, drawn by the row (Tk-Instruct draws one in every epoch); all of
    them are references. `dataset` is part of the draw.
    """

    instruction: Instruction
    encoding: Encoding
    dataset: str
    where: str = ""

    @property
    def name(self) -> str:
        return self.encoding.name

    @property
    def plain(self) -> bool:
        return False

    @property
    def turned(self) -> bool:
        return False

    @property
    def original_task(self) -> bool:
        return True

    @property
    def answer_choices(self) -> None:
        return None
