"""Rows by the one name that they have in the studio, in predictions and in reports: `test[12]`.

The number is that of the row's record in its file, so a split that was dealt out or cut has gaps: it begins and ends
where it does, and what is typed is looked for and never counted off.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from unseen.data.dataset import Row
from unseen.errors import DataMistake, UserMistake
from unseen.reporting.numbers import counted, row_name

NAME = re.compile(r"\s*(?:(?P<split>[^\[\]]{1,200})\[)?(?P<number>[0-9]{1,12})(?(split)\])\s*")


def said_row(text: str) -> tuple[str, int | None]:
    """The split and the number of a row that was typed: of `test[12]` both, of `12` no split, of nothing neither.

    Raises `UserMistake` for what is no such name.
    """
    if not text.strip():
        return "", None
    found = NAME.fullmatch(text)
    if found is None:
        what = f"'{text.strip()[:40]}' names no row"
        raise UserMistake("row", what, "write a number, or a row as predictions name it: test[12]")
    return (found["split"] or "").strip(), int(found["number"])


def row_place(rows: Sequence[Row], number: int | None, of: str, split: str) -> int:
    """Where the row with that number stands in `rows`, whose numbers grow; without one, the first.

    Raises `DataMistake` for a number that no row has, with those that there are.
    """
    if number is None:
        return 0
    place = row_place_from(rows, number)
    if place == len(rows) or rows[place].index != number:
        raise DataMistake(of, f"has no row {row_name(split, number)}", there_are(rows, place, split))
    return place


def row_place_from(rows: Sequence[Row], number: int) -> int:
    """Where the first row with that number, or one behind it, stands."""
    return bisect_left(rows, number, key=lambda row: row.index)


def there_are(rows: Sequence[Row], place: int, split: str) -> str:
    """Which rows a split has, and which stand around a place between two of them."""
    if not len(rows):
        return "this split has no rows"
    first, last = (row_name(split, rows[at].index) for at in (0, -1))
    said = f"its {counted(len(rows), 'row')} of {split} go from {first} to {last}"
    if not 0 < place < len(rows):
        return said
    before, after = (row_name(split, rows[at].index) for at in (place - 1, place))
    return f"{said}, and the nearest are {before} and {after}"
