"""What was said so far, in one SQLite file: every text is there from the moment that it arrived.

One process at a time holds the file; the system lets go of it when that process ends, however it ends.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from unseen.ask.chat import Said, Unsaid
from unseen.errors import DataMistake
from unseen.fulldisk import AGAIN, told_when_full

VERSION = 1  # raised when a request of the same id would mean something else
PATIENCE = 1.0  # seconds; a killed process may take a moment to go
TABLES = (
    "CREATE TABLE IF NOT EXISTS made_with (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS said (id TEXT PRIMARY KEY, text TEXT, ended INTEGER, tokens INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS unsaid (id TEXT PRIMARY KEY, why TEXT) WITHOUT ROWID",
)


class Store:
    """Outcomes by the id of their request, all made with the settings `made_with`; a context manager.

    Raises `DataMistake` where another process holds the file, where it was made with other settings (named, with both
    values), and where it is no store.
    """

    def __init__(self, path: Path, made_with: Mapping[str, Any]) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            self._take()
            self._check({"version": VERSION, **made_with})
        except sqlite3.OperationalError as error:
            self._database.close()
            if "locked" not in str(error):
                raise DataMistake(str(path), f"cannot be used ({error})", "name another --out") from None
            remedy = "let it end, or name another --out"
            raise DataMistake(str(path), "another process is writing to it", remedy) from None
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise DataMistake(str(path), f"is no store of texts ({error})", "name another --out") from None
        except DataMistake:
            self._database.close()
            raise

    def said(self, ids: Sequence[str]) -> dict[str, Said]:
        """The texts that are known already, among `ids`."""
        found: dict[str, Said] = {}
        select = "SELECT text, ended, tokens FROM said WHERE id = ?"
        for id in ids:
            with closing(self._database.execute(select, (id,))) as rows:
                found.update((id, Said(text, bool(ended), tokens)) for text, ended, tokens in rows)
        return found

    def keep(self, id: str, outcome: Said | Unsaid) -> None:
        """Keep an outcome; it survives a kill of this process from here on. Whatever came to nothing may be asked
        again, and is forgotten once a text comes. Raises `DiskFull` where there is no room for it."""
        with told_when_full("a text", self.path, AGAIN):
            self._keep(id, outcome)

    def _keep(self, id: str, outcome: Said | Unsaid) -> None:
        if isinstance(outcome, Unsaid):
            self._database.execute("INSERT OR REPLACE INTO unsaid VALUES (?, ?)", (id, outcome.why))
            return
        self._database.execute("BEGIN")
        self._database.execute(
            "INSERT OR REPLACE INTO said VALUES (?, ?, ?, ?)", (id, outcome.text, outcome.ended, outcome.tokens)
        )
        self._database.execute("DELETE FROM unsaid WHERE id = ?", (id,))
        self._database.execute("COMMIT")

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self) -> None:
        # In this mode SQLite keeps the file's lock from the first write to the end, and the system drops it with the
        # process. In WAL mode with synchronous=NORMAL a killed process loses nothing; a power cut, the last texts.
        self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            self._database.execute(table)
        self._database.execute("COMMIT")

    def _check(self, made_with: Mapping[str, Any]) -> None:
        wanted = {name: json.dumps(value, sort_keys=True) for name, value in made_with.items()}
        with closing(self._database.execute("SELECT name, value FROM made_with")) as rows:
            known = dict(rows.fetchall())
        if not known:
            self._database.execute("BEGIN")  # all of them, or none: a part would be other settings
            self._database.executemany("INSERT INTO made_with VALUES (?, ?)", wanted.items())
            self._database.execute("COMMIT")
            return
        before, now = (_flat({name: json.loads(each) for name, each in of.items()}) for of in (known, wanted))
        apart = [name for name in dict.fromkeys([*now, *before]) if before.get(name) != now.get(name)]
        if apart:
            told = ", ".join(f"{name} {_told(before, name)}, not {_told(now, name)}" for name in apart)
            raise DataMistake(str(self.path), f"holds texts that were made with {told}", "name another --out")


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """The values of nested settings by their names, dotted."""
    if not isinstance(value, Mapping):
        return {name: value}
    parts = (_flat(each, f"{name}.{key}" if name else key) for key, each in value.items())
    return {key: each for part in parts for key, each in part.items()}


def _told(settings: Mapping[str, Any], name: str) -> str:
    return json.dumps(settings[name], ensure_ascii=False) if name in settings else "none"
