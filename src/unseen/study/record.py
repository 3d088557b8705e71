"""record.json: what a run was asked, what it did, and what it left out. Written whole and atomically."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from unseen.errors import DataMistake
from unseen.wholefile import replacing

NAME = "record.json"


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Replace the run's record; a killed process leaves the old one or the new one, never a half."""
    write_json(folder / NAME, record)


def read_record(folder: Path) -> dict[str, Any]:
    """The record of a run folder; `DataMistake` when there is none or it is damaged."""
    path = folder / NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise DataMistake(
            str(folder), f"is not a run folder: it has no {NAME}", "name a folder that tune wrote"
        ) from None
    except (ValueError, OSError) as error:
        raise DataMistake(str(path), f"cannot be read ({error})", "name another folder") from None
    if not isinstance(record, dict):
        raise DataMistake(str(path), "is not a record", "name another folder")
    if "recipe" not in record and "kind" in record:
        what = f"is not a run folder: its {NAME} is that of {record['kind']}"
        raise DataMistake(str(folder), what, "name a folder that tune wrote")
    return record


def read_if_there(path: Path) -> dict[str, Any]:
    """The JSON object that a file holds; an empty one where there is none, or it is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, value: Any) -> None:
    """Write JSON; a killed process leaves the old file or the new one."""
    with replacing(path) as part, part.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, ensure_ascii=False, allow_nan=False)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
