"""What a person decided about texts one by one: a file beside them that only grows, so that nothing decided is lost.

{"item": "train_003", "did": "drop"}
{"item": "train_004", "did": "edit", "texts": {"before": "Say whether it holds.", "after": ""}}
{"did": "undo"}                                   takes back the last decision that stands
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from unseen.errors import DataMistake, UserMistake

LONGEST = 20_000  # characters of an edited text
Did = Literal["keep", "drop", "edit"]
DID: tuple[Did, ...] = ("keep", "drop", "edit")
UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Decision:
    """`texts` are the new texts of an edit, by the name of their field."""

    item: str
    did: Did
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of an item: the last thing that was done, and the texts of its last edit."""

    did: Did
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Decisions:
    """Those that stand, in their order; `unread` lines of the file say nothing that can be understood."""

    made: tuple[Decision, ...] = ()
    unread: int = 0

    @cached_property
    def standing(self) -> dict[str, Standing]:
        """By item. An edit that was dropped afterwards keeps its texts."""
        found: dict[str, Standing] = {}
        for each in self.made:
            before = found.get(each.item)
            texts = each.texts if each.did == "edit" else before.texts if before else {}
            found[each.item] = Standing(each.did, texts)
        return found


def review_path(file: Path) -> Path:
    """Where the decisions about a file stand."""
    return file.with_name(f"{file.name}.review.jsonl")


def read_decisions(file: Path) -> Decisions:
    """The decisions about `file`; none where nothing was decided."""
    try:
        lines = review_path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return Decisions()
    except OSError as error:
        raise DataMistake(str(review_path(file)), f"cannot be read ({error.strerror})", "move it away") from None
    return _folded(_read(line) for line in lines)


def decide(file: Path, decision: Decision) -> None:
    """Add a decision. Raises `UserMistake` for a text that is too long, `DataMistake` where nothing can be written."""
    for name, text in decision.texts.items():
        if len(text) > LONGEST:
            raise UserMistake(f"{decision.item}, {name}", f"has {len(text)} characters", f"write {LONGEST} at most")
    said = {"item": decision.item, "did": decision.did}
    _append(file, said | ({"texts": dict(decision.texts)} if decision.did == "edit" else {}))


def undo(file: Path) -> Decision | None:
    """Take back the last decision that stands; None where there is none."""
    made = read_decisions(file).made
    if not made:
        return None
    _append(file, {"did": UNDO})
    return made[-1]


def _append(file: Path, said: Mapping[str, Any]) -> None:
    path = review_path(file)
    try:
        with path.open("ab+") as opened:
            broken = opened.tell() and os.pread(opened.fileno(), 1, opened.tell() - 1) != b"\n"  # by a crash, say
            opened.write((b"\n" if broken else b"") + json.dumps(said, ensure_ascii=False).encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        raise DataMistake(str(path), f"cannot be written ({error.strerror})", "review a copy of the file") from None


def _read(line: str) -> Decision | str | None:
    """A decision, `UNDO`, or None where the line is neither."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    if said.get("did") == UNDO:
        return UNDO
    item, did, texts = said.get("item"), said.get("did"), said.get("texts", {})
    if not isinstance(item, str) or did not in DID or not isinstance(texts, dict):
        return None
    return Decision(item, did, {str(name): str(text) for name, text in texts.items()})


def _folded(read: Iterable[Decision | str | None]) -> Decisions:
    made: list[Decision] = []
    unread = 0
    for each in read:
        if isinstance(each, Decision):
            made.append(each)
        elif each is None:
            unread += 1
        elif made:
            made.pop()
    return Decisions(tuple(made), unread)
