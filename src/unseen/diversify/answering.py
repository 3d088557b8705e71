"""How a question is put to the model that answers it, with or without a reference answer before its eyes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from unseen.ask.chat import Drawing, Message, Request
from unseen.diversify.writing import answer_id, drawing_json
from unseen.task.seeds import key

DELIA_SYSTEM = "You are a helpful AI assistant."
References = Literal["unseen", "shown"]
DRAWING = Drawing(temperature=0.7, top_p=0.95, max_new_tokens=512)  # as the authors' script


@dataclass(frozen=True, slots=True)
class Answering:
    """`references: shown` puts system turn, question, reference answer and question again, as the DELIA authors'
    script does; where a question has no reference, and with `unseen`, the question alone is put.

    `system` is the system turn; absent, the chat template's own, or that of the script where a reference is shown.
    """

    drawing: Drawing = DRAWING
    seed: int = 0
    references: References = "unseen"
    system: str | None = None

    def as_json(self) -> dict[str, Any]:
        drawing = drawing_json(self.drawing)
        return {"drawing": drawing, "seed": self.seed, "references": self.references, "system": self.system}

    def request(self, number: int, question: str, reference: str | None) -> Request:
        asked = Message("user", question)
        shown = reference if self.references == "shown" else None
        turns = (asked,) if shown is None else (asked, Message("assistant", shown), asked)
        system = self.system if shown is None or self.system is not None else DELIA_SYSTEM
        before = () if system is None else (Message("system", system),)
        return Request(answer_id(number), (*before, *turns), self.drawing, int(key(self.seed, "answer", number)))
