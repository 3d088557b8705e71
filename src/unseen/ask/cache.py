"""The answer cache: what a model of this content was asked, and what it answered, in one SQLite file.

An answer is found by the model's digest (weights and adapter, dtype) and the question's key (token ids, settings),
never by a name or a path: a changed model is never answered from it. Several processes may read and write at once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from unseen.ask.question import Answer
from unseen.errors import ScoreMistake
from unseen.fulldisk import AGAIN, told_when_full

# Raised when the same question would be answered differently by newer code.
ANSWERS = "answers_1"
AT_ONCE = 500  # keys in one SELECT; SQLite allows 999 parameters in old builds


class AnswerCache:
    """Answers by (model digest, question key); use as a context manager, or `close` it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            raise ScoreMistake(str(path), f"is no answer cache ({error})", "delete it, or name another file") from None

    def find(self, digest: str, keys: Sequence[str]) -> dict[str, Answer]:
        """The known answers among `keys`."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Answer] = {}
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            marks = ",".join("?" * len(part))
            select = f"SELECT key, answer FROM {ANSWERS} WHERE model = ? AND key IN ({marks})"
            with closing(self._database.execute(select, (digest, *part))) as rows:
                found.update((key, _answer(text)) for key, text in rows)
        return found

    def store(self, digest: str, key: str, answer: Answer) -> None:
        """Keep an answer; it survives a kill of this process from here on. Raises `DiskFull`."""
        text = json.dumps({name: value for name, value in asdict(answer).items() if name != "cached"})
        with told_when_full("an answer", self.path, AGAIN):
            self._database.execute(f"INSERT OR REPLACE INTO {ANSWERS} VALUES (?, ?, ?)", (digest, key, text))

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> AnswerCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> None:
        # isolation_level None: every statement is its own transaction, so that each answer is on disk when stored.
        # In WAL mode with synchronous=NORMAL a killed process loses nothing; only a power cut may lose the last ones.
        self._database = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        columns = "(model TEXT, key TEXT, answer TEXT, PRIMARY KEY (model, key)) WITHOUT ROWID"
        self._database.execute(f"CREATE TABLE IF NOT EXISTS {ANSWERS} {columns}")


def _answer(text: str) -> Answer:
    values: dict[str, Any] = json.loads(text)
    for name in ("log_probs", "lengths", "unconditional"):
        values[name] = tuple(values[name])
    return Answer(**values)
