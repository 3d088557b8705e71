"""What a model that was given new tokens says of them in its `unseen.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from unseen.errors import ModelMistake

Start = Literal["description", "mean", "random", "default", "kept"]
STARTS = ("description", "mean", "random", "default", "kept")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that a recipe declared. `known`: the model's tokenizer had it already; `start`: what its row began
    from, `kept` where the row was left as it was."""

    text: str
    id: int
    known: bool
    start: Start

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def tokens_in(about: Mapping[str, Any], path: Path) -> tuple[NewToken, ...]:
    """The tokens that the parsed `unseen.json` at `path` lists. Raises `ModelMistake` naming the file."""
    try:
        found = tuple(NewToken(**each) for each in about.get("tokens", ()))
    except TypeError:
        found = (NewToken("", -1, False, "kept"),)
    if all(_sound(each) for each in found):
        return found
    what = "its tokens are not lists of text, id, known and start"
    raise ModelMistake(str(path), what, "bring back the file that the run wrote")


def _sound(token: NewToken) -> bool:
    named = isinstance(token.text, str) and isinstance(token.known, bool) and token.start in STARTS
    return named and isinstance(token.id, int) and token.id >= 0
