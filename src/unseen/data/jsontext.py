"""JSON values as the standard has them, with what Python would let pass."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from unseen.errors import DataMistake

Record = dict[str, Any]


class Decoder:
    """Reads JSON as the standard has it: `faults` holds what Python would take and others would not.

    A key that stands twice in an object would silently lose its first value; NaN and Infinity are no JSON.
    """

    def __init__(self) -> None:
        self.faults: list[tuple[str, str]] = []  # what, remedy
        self._json = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=self._constant)

    def decode(self, text: str, start: int = 0) -> tuple[Any, int]:
        """The value that starts at `start`, and where it ends. Raises what `json` raises."""
        self.faults.clear()
        return self._json.raw_decode(text, start)

    def _object(self, pairs: list[tuple[str, Any]]) -> Record:
        record = dict(pairs)
        if len(record) < len(pairs):
            doubled = Counter(key for key, _ in pairs).most_common(1)[0][0]
            self.faults.append((f"holds the key '{doubled}' twice", "keep one of them"))
        return record

    def _constant(self, name: str) -> None:
        self.faults.append((f"holds {name}, which is no JSON", "write null, or a text"))


def beyond(error: Exception) -> str:
    """What is wrong with JSON that is well written and cannot be read: too deep, or a number of thousands of digits."""
    return "nested too deeply" if isinstance(error, RecursionError) else str(error).partition(":")[0]


def faulty(decoder: Decoder, value: Any, text: str, where: str) -> DataMistake | None:
    """The mistake of a value that was read and yet cannot stand, if it is one."""
    if decoder.faults:
        return DataMistake(where, *decoder.faults[0])
    if ("\\ud" in text or "\\uD" in text) and _holds_half_characters(value):
        return DataMistake(where, "holds half of a surrogate pair (\\ud800 to \\udfff)", "repair the escape")
    return None


def _holds_half_characters(value: Any) -> bool:
    """A lone surrogate is no text: no tokenizer takes it and no file can hold it."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
