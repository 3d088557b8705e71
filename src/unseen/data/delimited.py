"""Records of csv and tsv files. Every value stays the text that the file holds: 'NA', 'None' and '' too."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from unseen.data.textlines import text_lines
from unseen.errors import DataMistake

# Python's csv module refuses fields over 128 KiB; documents are longer. A quote that is never closed stops here.
LONGEST_FIELD = 64 * 2**20

Line = tuple[int, list[str]]


def read_delimited(path: Path, options: Mapping[str, Any]) -> Iterator[dict[str, Any] | DataMistake]:
    """One dict of texts a record, or its mistake.

    Options: `delimiter`, `header`, `columns` (names), `quoting`, `encoding`.
    `quoting` is `auto`, `csv` (RFC 4180) or `none` (a quote is a character like others, a record is a line). `auto`
    is `csv`, except for a tsv file whose quotes do not balance, which is read as `none`. Mistakes name file and line:
    unbalanced quotes, a record with too few or too many columns; doubled column names are raised.
    """
    rows = _rows_of(path, options)
    names, rows = _names(path, rows, options)
    for row in rows:
        if isinstance(row, DataMistake):
            yield row
        elif len(row[1]) != len(names):
            yield DataMistake(
                f"{path}, line {row[0]}",
                f"has {len(row[1])} columns where {len(names)} were expected",
                "check delimiter, quotes and header",
            )
        else:
            yield dict(zip(names, row[1], strict=True))


def _rows_of(path: Path, options: Mapping[str, Any]) -> Iterator[Line | DataMistake]:
    delimiter = options["delimiter"]
    quoting = options.get("quoting", "auto")
    if quoting == "auto":
        quoting = "none" if delimiter == "\t" and not _quotes_balance(path, options) else "csv"
    if quoting == "none":
        return _unquoted(path, options, delimiter)
    return _quoted(path, options, delimiter)


def _unquoted(path: Path, options: Mapping[str, Any], delimiter: str) -> Iterator[Line]:
    for number, line in enumerate(text_lines(path, options), 1):
        if text := line.rstrip("\r\n"):
            yield number, text.split(delimiter)


def _quoted(path: Path, options: Mapping[str, Any], delimiter: str) -> Iterator[Line | DataMistake]:
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(text_lines(path, options, newline=""), delimiter=delimiter, strict=True)
    start, whole = 1, False
    while not whole:
        try:
            for row in reader:
                if row:
                    yield start, row
                start = reader.line_num + 1
            whole = True
        except csv.Error as error:  # after which the reader starts afresh on the next line
            what, remedy = f"a record that is no csv ({error})", "close the quote, or say 'quoting: none'"
            yield DataMistake(f"{path}, line {start}", what, remedy)
            start = reader.line_num + 1


def _quotes_balance(path: Path, options: Mapping[str, Any]) -> bool:
    """Whether a tsv file reads as quoted csv, all records as wide as the first.

    Where each single line already has the right width, a quoted record over several lines can only be two stray
    quotes that swallowed the lines between them.
    """
    if not any('"' in line for line in text_lines(path, options)):
        return True
    records, widths = _count(_quoted(path, options, "\t"))
    lines, line_widths = _count(_unquoted(path, options, "\t"))
    return len(widths) <= 1 and None not in widths and (len(line_widths) > 1 or records == lines)


def _count(rows: Iterable[Line | DataMistake]) -> tuple[int, set[int | None]]:
    """Number of records and the widths that occur, None for one that has none."""
    widths: set[int | None] = set()
    number = 0
    for number, row in enumerate(rows, 1):  # noqa: B007
        widths.add(None if isinstance(row, DataMistake) else len(row[1]))
    return number, widths


def _names(
    path: Path, rows: Iterator[Line | DataMistake], options: Mapping[str, Any]
) -> tuple[Sequence[str], Iterator[Line | DataMistake]]:
    """The columns' names, and the rows that are records: names of the description win over those of the file."""
    first = next(rows, None)
    if first is None:
        return (), iter(())
    if isinstance(first, DataMistake):
        raise first
    line, row = first
    given: Sequence[str] = options.get("columns") or ()
    if options.get("header", True):
        names = given or [name.strip() for name in row]
    else:
        names, rows = given or [str(i) for i in range(len(row))], chain((first,), rows)
    if given and len(given) != len(row):
        raise DataMistake(f"{path}, line {line}", f"has {len(row)} columns, the description names {len(given)}")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataMistake(f"{path}, line {line}", f"names the column '{doubled[0]}' twice", "give 'columns: [...]'")
    return names, rows
