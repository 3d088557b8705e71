"""What was left out, and why: every reason counted, with some of its texts to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SHOWN = 5  # examples of each reason
LONGEST = 300  # characters of an example


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is left out; `beside` is what it was held against, where there is such a thing."""

    reason: str
    beside: str = ""


@dataclass(slots=True)
class Drops:
    """Counts by reason, and the first texts of each."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def add(self, id: str, text: str, fault: Fault) -> None:
        self.counts[fault.reason] = self.counts.get(fault.reason, 0) + 1
        shown = self.examples.setdefault(fault.reason, [])
        if len(shown) < SHOWN:
            shown.append({"id": id, "text": _short(text)} | ({"beside": _short(fault.beside)} if fault.beside else {}))

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def as_json(self) -> dict[str, Any]:
        most_first = sorted(self.counts, key=lambda reason: (-self.counts[reason], reason))
        return {reason: {"count": self.counts[reason], "examples": self.examples[reason]} for reason in most_first}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
