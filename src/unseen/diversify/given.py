"""Questions of the user's own: files of questions, of prompts with answers, of chats, or plain lines of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from unseen.data.dataset import Source
from unseen.data.records import SUFFIXES, read_records
from unseen.data.textlines import text_lines, unreadable
from unseen.errors import DataMistake, nearest, raise_all

QUESTIONS = ("question", "query", "prompt", "instruction", "user_query", "input", "inputs", "text")
ANSWERS = ("reference", "answer", "response", "completion", "output", "targets")
CHATS = ("messages", "conversations", "conversation")
USERS, ASSISTANTS = ("user", "human"), ("assistant", "gpt", "bot", "model")
REMEDY = "give every record a 'question', or 'messages' with a user turn"


@dataclass(frozen=True, slots=True)
class Given:
    """A question, and a reference answer where the file has one. Of a chat it is the first user turn and what is
    answered to it; `later_turns` are left out."""

    question: str
    reference: str | None = None
    later_turns: int = 0


@dataclass(frozen=True, slots=True)
class GivenFile:
    path: Path
    questions: tuple[Given, ...]
    digest: str


def read_given(path: Path) -> GivenFile:
    """The questions of a JSONL, JSON, CSV, TSV or Parquet file, or of a text file with one a line.

    Raises all of its mistakes together: a record without a question, a file without a record.
    """
    if path.is_dir():
        raise DataMistake(str(path), "is a folder", "name a file of questions")
    if not path.exists():
        raise DataMistake(str(path), "no such file", "name a file of questions")
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from None
    format = SUFFIXES.get(path.suffix.lower())
    if format is None:
        found: list[Given | DataMistake] = [Given(line.strip()) for line in text_lines(path, {}) if line.strip()]
    else:
        records = enumerate(record for _, record in read_records(Source(str(path), format)))
        found = [each if isinstance(each, DataMistake) else _given(each, path, number) for number, each in records]
    raise_all([each for each in found if isinstance(each, DataMistake)])
    if not found:
        raise DataMistake(str(path), "holds no questions", REMEDY)
    return GivenFile(path, tuple(each for each in found if isinstance(each, Given)), digest)


def _given(record: Mapping[str, Any], path: Path, number: int) -> Given | DataMistake:
    where = f"{path}, record {number}"
    chat = next((record[name] for name in CHATS if name in record), None)
    if chat is not None:
        return _of_chat(chat, where)
    question = next((name for name in QUESTIONS if isinstance(record.get(name), str) and record[name].strip()), None)
    if question is None:
        return DataMistake(where, "holds no question", nearest("question", record, "columns"))
    text = record[question].strip()
    more = record.get("input") if question == "instruction" else None  # Stanford Alpaca's columns
    if isinstance(more, str) and more.strip():
        text = f"{text}\n\n{more.strip()}"
    answer = next((record[name] for name in ANSWERS if isinstance(record.get(name), str)), None)
    return Given(text, answer.strip() or None if answer else None)


def _of_chat(turns: Any, where: str) -> Given | DataMistake:
    if not isinstance(turns, Sequence) or not all(isinstance(turn, Mapping) for turn in turns):
        return DataMistake(where, "holds a chat that is no list of turns", REMEDY)
    said = [(str(turn.get("role", turn.get("from"))), turn.get("content", turn.get("value"))) for turn in turns]
    place = next((place for place, (role, _) in enumerate(said) if role in USERS), None)
    if place is None or not isinstance(said[place][1], str) or not said[place][1].strip():
        return DataMistake(where, "holds a chat without a user's text", REMEDY)
    after = said[place + 1] if place + 1 < len(said) else ("", None)
    answered = after[0] in ASSISTANTS and isinstance(after[1], str)
    reference = str(after[1]).strip() if answered else ""
    return Given(said[place][1].strip(), reference or None, len(said) - place - 1 - answered)
