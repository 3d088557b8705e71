"""What a diversification leaves beside its store: the chats, and the record of how they were made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unseen.diversify.waves import Diversified, Pair
from unseen.errors import DataMistake
from unseen.wholefile import write_whole

STORE, CHATS, RECORD = "said.sqlite", "chats.jsonl", "record.json"
KIND = "diverse questions"  # of the record


def write_chats(folder: Path, pairs: Sequence[Pair]) -> None:
    """One chat a line: `id` and `messages` of a user and an assistant, as datasets of kind messages have them."""
    lines = (json.dumps(chat_json(pair), ensure_ascii=False) + "\n" for pair in pairs)
    write_whole(folder / CHATS, "".join(lines))


def check_place(folder: Path, kind: str) -> None:
    """Raise `DataMistake` where `folder` holds chats that were made otherwise than by this `kind`, or, for questions,
    whose store is not there: what is written would take their place."""
    if not (folder / CHATS).exists():
        return
    remedy = "name another folder with --out"
    try:
        theirs = json.loads((folder / RECORD).read_text(encoding="utf-8"))["kind"]
    except (OSError, ValueError, KeyError, TypeError):
        theirs = "an unknown kind"
    if theirs != kind:
        raise DataMistake(str(folder), f"holds chats already, made as {theirs}", remedy)
    if kind == KIND and not (folder / STORE).exists():
        raise DataMistake(str(folder), f"holds {CHATS} without the {STORE} that it comes from", remedy)


def chats_in(folder: Path) -> int:
    """How many chats the file in `folder` has; 0 where there is none."""
    try:
        with (folder / CHATS).open("rb") as file:
            return sum(1 for _ in file)
    except FileNotFoundError:
        return 0


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    write_whole(folder / RECORD, json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def file_digest(path: Path) -> str:
    """SHA-256 of the file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def chat_json(pair: Pair) -> dict[str, Any]:
    """An answer that was broken off at the token limit says `ended: false`: its end is not learned."""
    asked = {"role": "user", "content": pair.question}
    answer = {"role": "assistant", "content": pair.answer, **({} if pair.ended else {"ended": False})}
    return {"id": f"diverse/{pair.number}", "messages": [asked, answer]}


def counts_json(done: Diversified) -> dict[str, Any]:
    """How many there were of everything, and what was left out with the first examples of each reason."""
    return {
        "pairs": len(done.pairs),
        "cut_answers_kept": sum(not pair.ended for pair in done.pairs),
        "questions": done.questions,
        "answers": done.answers,
        "beyond_the_number": done.beyond,
        "tokens": done.tokens,
        "without_reference": done.without_reference,
        "later_turns_left_out": done.later_turns,
        "dropped_questions": done.dropped_questions.as_json(),
        "dropped_answers": done.dropped_answers.as_json(),
    }
