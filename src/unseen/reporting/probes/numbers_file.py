"""numbers.json: all that a probe told, from which its page, its Markdown and its pictures are made again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from unseen.errors import DataMistake
from unseen.reporting.figures.panels import Mark, Panel, Series
from unseen.reporting.numbers import Ends
from unseen.reporting.probes.told import Told
from unseen.study.bundle import plain

NUMBERS = "numbers.json"


def numbers_of(told: Told) -> str:
    """The file's content; numbers that are none (an open interval) are null."""
    said = {each.name: plain(getattr(told, each.name)) for each in fields(told)}
    return json.dumps(said, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def read_told(folder: Path) -> Told:
    """What the probe of a folder told. Raises `DataMistake` where there is none, or an older one that kept less."""
    path = folder / NUMBERS
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        what = f"is no probe's folder: it has no {NUMBERS}"
        raise DataMistake(str(folder), what, "name one that unseen probe wrote") from None
    except (ValueError, OSError) as error:
        raise DataMistake(str(path), f"cannot be read ({error})", "name another folder") from None
    try:
        return _told(values)
    except (KeyError, TypeError, AttributeError):
        what = "does not hold its figures and its table, as a probe leaves them now"
        raise DataMistake(str(path), what, "run the probe again with the same --out; it has its steps") from None


def _told(values: Mapping[str, Any]) -> Told:
    said = {each.name: values[each.name] for each in fields(Told)}
    return Told(**said | {"panels": [_panel(each) for each in values["panels"]]})


def _panel(said: Mapping[str, Any]) -> Panel:
    series = [_series(each) for each in said["series"]]
    levels = [(name, value) for name, value in said["levels"]]
    return Panel(**{**said, "series": series, "levels": levels})


def _series(said: Mapping[str, Any]) -> Series:
    marks = [Mark(each["at"], each["value"], _ends(each["ends"])) for each in said["marks"]]
    return Series(**{**said, "marks": marks})


def _ends(said: list[float] | None) -> Ends:
    return None if said is None else (said[0], said[1])
