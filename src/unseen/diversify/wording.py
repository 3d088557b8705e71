"""A wording: one way to put an instruction. DELIA tunes on many of them and leaves input and answer as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Side = Literal["train", "test"]
Place = Literal["before", "after", "around"]

# What must stand in a wording; "<sep>" is found in "`<sep>`", the token "DICT" is not found in "DICTS".
_EDGE = r"(?<!\w){}(?!\w)"


@dataclass(frozen=True, slots=True)
class Features:
    """How a wording was put. What nobody said is empty: a wording that a person wrote may have none.

    `mentions` is how often each token is to stand in it, 0 where that was not said. `frames` are the families of the
    grammar (or the structures that were told from a model's text) that it is made of: one belongs to one side only.
    """

    act: str = ""
    register: str = ""
    perspective: str = ""
    length: str = ""
    mentions: int = 0
    typography: str = "plain"
    frames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """The text that stands before the input, and the text that stands after it; either may be empty. `completion`,
    where there is one, is what is answered under this wording, in place of what the task's template says."""

    name: str
    before: str
    after: str
    side: Side = "train"
    features: Features = Features()
    completion: str | None = None

    @property
    def place(self) -> Place:
        """Where the wording stands, seen from the input."""
        if self.before and self.after:
            return "around"
        return "before" if self.before else "after"

    @property
    def text(self) -> str:
        """Both texts, a line break between them."""
        return "\n".join(part for part in (self.before, self.after) if part)

    def mentions_of(self, token: str) -> int:
        """How often `token` stands in it, spelled exactly so."""
        return count_of(token, self.text)


@dataclass(frozen=True, slots=True)
class Made:
    """How wordings came to be: by `grammar`, by `hand` or by the model of this name; how many were tried, and how many
    of them each check dropped. `alike` is the largest similarity between a train and a test wording (see
    `similarity.py`)."""

    by: str = "hand"
    seed: int = 0
    tried: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    alike: float | None = None


@dataclass(frozen=True, slots=True)
class WordingSet:
    """The wordings of one instruction. `tokens` must stand in each of them, `secrets` in none.

    `shared` is what all of them say in the same words (the task), so it tells nothing about how alike two of them are.
    `special` are asked in evaluation only: the bare token, wordings that forbid it, wordings without it. `contrast` are
    wordings of the last two kinds that share no frame with those: pairs for tuning are made of them, answered without
    the format (contrast.py).
    """

    instruction: str
    wordings: tuple[Wording, ...]
    tokens: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    special: tuple[Wording, ...] = ()
    contrast: tuple[Wording, ...] = ()
    made: Made = Made()

    def of_side(self, side: Side) -> tuple[Wording, ...]:
        """The wordings that are tuned on, or those that never are."""
        return tuple(each for each in self.wordings if each.side == side)

    def of_kind(self, kind: str) -> tuple[Wording, ...]:
        """The special wordings of a kind: `forbidding` and those that are numbered, `forbidding_000` and so on."""
        return tuple(each for each in self.special if re.fullmatch(rf"{re.escape(kind)}(_\d+)?", each.name))


def count_of(token: str, text: str) -> int:
    """How often `token` stands in `text` as a whole."""
    found = re.escape(token)
    if re.match(r"\w", token) and re.search(r"\w$", token):
        found = _EDGE.format(found)
    return len(re.findall(found, text))
