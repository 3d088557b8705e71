"""What a file of rows probably is: its format, encoding, delimiter, header, and which columns hold text and labels.

Guesses are for a person to look at and to change; nothing else reads files by them.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from unseen.data.dataset import Source
from unseen.data.records import SUFFIXES, read_records
from unseen.data.textlines import MARKS, unreadable
from unseen.errors import DataMistake

LOOKED_AT = 2_000  # records
SAMPLE = 1 << 16  # bytes of a csv that delimiter and header are guessed from
MOST_LABELS, LONGEST_LABEL = 20, 40  # words, characters
LABEL_NAMES = ("label", "labels", "class", "category", "target", "sentiment", "gold", "answer", "liked", "topic")
TEXT_FORMATS = ("csv", "tsv", "jsonl", "json", "xml")


@dataclass(frozen=True, slots=True)
class Guess:
    """`options` are what a description's source says beside the path; `records` the first ones; `text` and `label`
    columns (empty: none); `labels` the raw labels, in order, of every column that may be one; `notes` what is odd."""

    format: str
    options: Mapping[str, Any]
    records: tuple[Mapping[str, Any], ...]
    text: str
    label: str
    labels: Mapping[str, tuple[Any, ...]]
    notes: tuple[str, ...] = field(default=())

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for record in self.records for name in record))


def guess_file(path: Path) -> Guess:
    """Raises `DataMistake` for what is no file of rows: an unknown ending, no text, no records."""
    format_ = SUFFIXES.get(path.suffix.lower())
    if format_ is None:
        known = ", ".join(SUFFIXES)
        raise DataMistake(path.name, "its ending does not tell what it is", f"known are {known}")
    if not path.is_file():
        raise unreadable(path, IsADirectoryError() if path.is_dir() else FileNotFoundError())
    notes: list[str] = []
    options: dict[str, Any] = {}
    if format_ in TEXT_FORMATS and (encoding := _encoding(path)):
        options["encoding"] = encoding
        notes.append(
            f"Not UTF-8: read as {encoding}. Look at its accents, and name another encoding where they are wrong."
        )
    if format_ in ("csv", "tsv"):
        options |= _delimited(path, format_, str(options.get("encoding", "utf-8")), notes)
    if format_ == "xml":
        options.pop("encoding", None)  # an XML file names its own
    records = _records(path, format_, options, notes)
    columns = dict.fromkeys(name for record in records for name in record)
    labels = {name: found for name in columns if (found := _labels(records, name))}
    label = _label(labels)
    return Guess(format_, options, tuple(records[:50]), _text(records, label), label, labels, tuple(notes))


def _encoding(path: Path) -> str:
    """Nothing for UTF-8 and for what a byte-order mark names; else an encoding that reads every byte."""
    try:
        with path.open("rb") as file:
            start = file.read(1 << 16)
            if any(start.startswith(mark) for mark, _ in MARKS):
                return ""
            if b"\0" in start:
                raise DataMistake(path.name, "holds NUL bytes, so it is no text", "is it really what its ending says?")
            file.seek(0)
            decoder = codecs.getincrementaldecoder("utf-8")()
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _one_byte(start)
    except OSError as error:
        raise unreadable(path, error) from None
    return ""


def _one_byte(start: bytes) -> str:
    controls = sum(byte < 32 and byte not in b"\t\r\n\f" for byte in start)
    if controls > len(start) // 100:
        raise DataMistake("the file", "holds bytes that no text has", "is it really what its ending says?")
    try:
        start.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _delimited(path: Path, format_: str, encoding: str, notes: list[str]) -> dict[str, Any]:
    """Delimiter, header and names of columns, where they are not what the format's reader would take anyhow."""
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    mark = next((name for begin, name in MARKS if start.startswith(begin)), encoding)
    text = start.decode(mark, "ignore")
    usual = "\t" if format_ == "tsv" else ","
    delimiter = _delimiter(text, usual)
    options: dict[str, Any] = {} if delimiter == usual else {"delimiter": delimiter}
    if options:
        notes.append(f"Its columns are separated by {delimiter!r}.")
    rows = list(islice((row for row in _rows(text, delimiter) if row), 50))
    if not rows:
        raise DataMistake(path.name, "holds no records", "check the file")
    header = _is_header(rows)
    if not header:
        notes.append("Its first line looks like a record, not like names, so the columns got names here.")
        options["header"] = False
    names = [name.strip() for name in rows[0]] if header else [""] * len(rows[0])
    unique = _unique(names)
    if unique != names:
        if header:
            notes.append("Two columns had one name, or a column had none: the names here are told apart.")
        options["columns"] = unique
    return options


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(islice(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), 200))
    except csv.Error:
        return [line.split(delimiter) for line in text.splitlines()[:200]]


def _delimiter(text: str, usual: str) -> str:
    """The one under which most of the first lines have one and the same number of columns, more than one."""

    def agreement(delimiter: str) -> float:
        widths = Counter(len(row) for row in _rows(text, delimiter)[:50] if row)
        several = {width: count for width, count in widths.items() if width > 1}
        return max(several.values(), default=0) / max(sum(widths.values()), 1)

    best = max([usual, ",", ";", "\t", "|"], key=agreement)
    return best if agreement(best) > agreement(usual) else usual


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Names are short, there for most columns, no numbers, and do not come again below themselves."""
    first, rest = rows[0], rows[1:]
    if any(len(cell) > 60 or re.fullmatch(r"\s*-?\d+([.,]\d+)?\s*", cell) for cell in first):
        return False
    below = [{row[place] for row in rest if place < len(row)} for place in range(len(first))]
    return sum(bool(cell.strip()) for cell in first) * 2 > len(first) and not any(
        cell.strip() and cell in cells for cell, cells in zip(first, below, strict=True)
    )


def _unique(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for number, name in enumerate(names, 1):
        name = name or f"column_{number}"
        stem, again = name, 2
        while name in found:
            name, again = f"{stem}_{again}", again + 1
        found.append(name)
    return found


def _records(path: Path, format_: str, options: Mapping[str, Any], notes: list[str]) -> list[Mapping[str, Any]]:
    """The first records. Bad ones are counted in a note; where there are only bad ones, the first is raised."""
    source = Source(str(path), format_, options=options)
    records: list[Mapping[str, Any]] = []
    bad: list[DataMistake] = []
    for _, found in islice(read_records(source), LOOKED_AT):
        if isinstance(found, DataMistake):
            bad.append(found)
        else:
            records.append(found)
    if bad and not records:
        raise bad[0]
    if bad:
        notes.append(f"{len(bad)} of the first {len(bad) + len(records)} records cannot be read; the first: {bad[0]}.")
    if not records:
        raise DataMistake(path.name, "holds no records", "check the file")
    return records


def _label(labels: Mapping[str, tuple[Any, ...]]) -> str:
    """Of the columns of few, short values that come again, one that is called like a label; else the last."""
    named = [name for name in labels if name.strip().lower() in LABEL_NAMES]
    return next(iter([*named, *reversed(list(labels))]), "")


def _labels(records: Sequence[Mapping[str, Any]], column: str) -> tuple[Any, ...]:
    """The values of a label column in order; nothing for a column that is none."""
    values = [record.get(column) for record in records]
    there = [value for value in values if value is not None]
    if not there or not all(isinstance(value, str | int | bool) for value in there):
        return ()
    different = set(map(str, there))
    if not 2 <= len(different) <= MOST_LABELS or len(there) < 2 * len(different):
        return ()
    if any(len(each) > LONGEST_LABEL for each in different):
        return ()
    ordered = sorted(set(there), key=lambda each: (0, int(each), "") if _number(each) else (1, 0, str(each)))
    return tuple(ordered)


def _number(value: Any) -> bool:
    return bool(re.fullmatch(r"-?\d{1,9}", str(value)))


def _text(records: Sequence[Mapping[str, Any]], label: str) -> str:
    """The column of the longest texts."""
    lengths: Counter[str] = Counter()
    for record in records:
        for name, value in record.items():
            if isinstance(value, str) and name != label:
                lengths[name] += len(value)
    return lengths.most_common(1)[0][0] if lengths else ""
