"""Results of slow steps, kept as they come: a probe that was killed goes on with the steps that it had not done.

One JSON object a line, `key` and `value`. A key is a digest of all that the value follows from, so that nothing stale
is ever found: other rows, another model or another seed have other keys.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

STEPS = "kept.jsonl"


def key_of(**parts: Any) -> str:
    """SHA-256 of JSON values by their names."""
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Kept:
    """The results in `folder`/kept.jsonl; `reused` counts those of an earlier process that were asked for."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / STEPS
        self.reused = 0
        self._values = dict(self._read())
        self._earlier = set(self._values)

    def find(self, key: str) -> Any:
        """The value of a key, None where there is none."""
        if key not in self._values:
            return None
        self.reused += key in self._earlier
        return self._values[key]

    def keep(self, key: str, value: Any) -> None:
        """From here on a kill of this process does not lose it."""
        self._values[key] = value
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "value": value}) + "\n")

    def once(self, key: str, compute: Callable[[], Any]) -> Any:
        """The value of a key: as it was kept, else computed now, and kept. What is computed is as JSON has it."""
        found = self.find(key)
        if found is None:
            found = json.loads(json.dumps(compute()))
            self.keep(key, found)
        return found

    def _read(self) -> list[tuple[str, Any]]:
        """A line that a kill cut off is taken out of the file."""
        if not self._path.is_file():
            return []
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            self._path.write_bytes(whole)
        lines = (json.loads(line) for line in whole.splitlines())
        return [(line["key"], line["value"]) for line in lines]
