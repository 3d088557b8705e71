"""What is known of how the chats of diverse data were made, from the record that lies beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unseen.diversify.output import KIND, RECORD, file_digest
from unseen.study.record import read_if_there

KEPT = (
    "finished", "wanted", "model", "made_with", "keeping", "against", "left_out_of_source", "pairs",
    "questions", "answers", "beyond_the_number", "cut_answers_kept", "without_reference",
    "later_turns_left_out", "diversity",
)  # fmt: skip
DROPPED = ("dropped_questions", "dropped_answers")


def made_record(chats: Path) -> dict[str, Any]:
    """`made`: the record of `unseen diversify questions` beside the file `chats`, its counts of what was dropped
    without the texts; None where nobody wrote one. `unchanged`: whether the chats are still those that it was written
    with; None where it does not say.
    """
    record = read_if_there(chats.parent / RECORD)
    if record.get("kind") != KIND:
        return {"made": None, "unchanged": None}
    made = {name: record[name] for name in KEPT if name in record}
    made |= {name: _counts(record.get(name)) for name in DROPPED}
    said = record.get("chats")
    return {"made": made, "unchanged": None if said is None else said == file_digest(chats)}


def _counts(dropped: Any) -> dict[str, int]:
    """How many each rule dropped."""
    if not isinstance(dropped, Mapping):
        return {}
    return {rule: each["count"] for rule, each in dropped.items() if isinstance(each, Mapping) and "count" in each}
