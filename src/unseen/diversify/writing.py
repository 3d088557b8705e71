"""Where questions come from: a model's open user turn, seed instructions, or a file of the user's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from unseen.ask.chat import Drawing, Message, Request, Said
from unseen.diversify.given import Given, GivenFile
from unseen.task.seeds import generator, key, shuffled

SHOTS = 4
DRAWING = Drawing(temperature=1.0, top_p=0.95, max_new_tokens=256)  # of questions that are written
OPENING = "Here are some requests that people have made to an assistant:"
CLOSING = (
    "Write one more request that a person could make, on another subject and of another kind than these. "
    "Write the request alone: no number, no quotation marks, no answer."
)
_LEAD = re.compile(
    r"^\s*(?:\d+[.):]|[-*•])\s+|^\s*(?:new )?(?:request|question|instruction|task)(?: \d+)?\s*:\s*", re.I
)
_QUOTES = (('"', '"'), ("“", "”"), ("'", "'"))


class Source(Protocol):
    """Questions by number. `size` is how many there are, None where there is no end of them; `left_out` counts, by
    reason, what might have been one and is none."""

    @property
    def size(self) -> int | None: ...

    @property
    def left_out(self) -> Mapping[str, int]: ...

    def as_json(self) -> dict[str, Any]:
        """What decides the questions, for the store and the record."""
        ...

    def question(self, number: int) -> Request | Given:
        """The request to a model for question `number`, or the question itself."""
        ...

    def read(self, said: Said) -> Said:
        """The question alone, out of what a model wrote."""
        ...


@dataclass(frozen=True, slots=True)
class FromNothing:
    """The model writes what a user would ask, behind its chat template's open user turn (Magpie, 2406.08464)."""

    drawing: Drawing = DRAWING
    seed: int = 0
    system: str | None = None

    @property
    def size(self) -> int | None:
        return None

    @property
    def left_out(self) -> Mapping[str, int]:
        return {}

    def as_json(self) -> dict[str, Any]:
        return {"from": "nothing", "system": self.system, "seed": self.seed, "drawing": drawing_json(self.drawing)}

    def question(self, number: int) -> Request:
        before = () if self.system is None else (Message("system", self.system),)
        return Request(question_id(number), before, self.drawing, int(key(self.seed, "question", number)))

    def read(self, said: Said) -> Said:
        return Said(said.text.strip(), said.ended, said.tokens)


@dataclass(frozen=True, slots=True)
class FromSeeds:
    """The model is shown a few seed instructions, drawn anew for each request, and asked for one more (after
    Self-Instruct, 2212.10560; the wording is ours)."""

    seeds: GivenFile
    drawing: Drawing = DRAWING
    seed: int = 0
    shots: int = SHOTS

    @property
    def size(self) -> int | None:
        return None

    @property
    def left_out(self) -> Mapping[str, int]:
        return {}

    def as_json(self) -> dict[str, Any]:
        drawing = drawing_json(self.drawing)
        return {"from": "seeds", "file": self.seeds.digest, "shots": self.shots, "seed": self.seed, "drawing": drawing}

    def question(self, number: int) -> Request:
        order = shuffled(len(self.seeds.questions), generator(self.seed, "seeds", number))
        shown = [self.seeds.questions[place].question for place, _ in zip(order, range(self.shots), strict=False)]
        numbered = "\n".join(f"{place}. {text}" for place, text in enumerate(shown, 1))
        message = Message("user", f"{OPENING}\n\n{numbered}\n\n{CLOSING}")
        return Request(question_id(number), (message,), self.drawing, int(key(self.seed, "question", number)))

    def read(self, said: Said) -> Said:
        return Said(bare_request(said.text), said.ended, said.tokens)


@dataclass(frozen=True, slots=True)
class FromFile:
    """The user's own questions, in their order."""

    given: GivenFile

    @property
    def size(self) -> int | None:
        return len(self.given.questions)

    @property
    def left_out(self) -> Mapping[str, int]:
        return {}

    def as_json(self) -> dict[str, Any]:
        return {"from": "file", "file": self.given.digest}

    def question(self, number: int) -> Given:
        return self.given.questions[number]

    def read(self, said: Said) -> Said:
        return said


def bare_request(text: str) -> str:
    """A request without the number, the label or the quotation marks that a model put around it."""
    text = _LEAD.sub("", text.strip(), count=1).strip()
    for left, right in _QUOTES:
        if len(text) > 1 and text.startswith(left) and text.endswith(right) and right not in text[1:-1]:
            return text[1:-1].strip()
    return text


def question_id(number: int) -> str:
    return f"question/{number}"


def answer_id(number: int) -> str:
    return f"answer/{number}"


def drawing_json(drawing: Drawing) -> dict[str, Any]:
    values: Sequence[tuple[str, Any]] = [
        ("temperature", drawing.temperature),
        ("top_p", drawing.top_p),
        ("max_new_tokens", drawing.max_new_tokens),
        ("stop", list(drawing.stop)),
    ]
    return dict(values)
