"""All bad records of a file told at once, while the good ones are streamed.

A reader gives, in the place of a record that it cannot read, the mistake. Whoever wants rows takes them through
`sound`: at the first mistake it gives no more rows and reads on only to collect the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from unseen.errors import UserMistake, raise_all

LINES = 10  # mistakes told, and places told of each
ENOUGH = 10_000  # mistakes after which a file is read no further

Sound = TypeVar("Sound")
Mistake = TypeVar("Mistake", bound=UserMistake)


def sound(found: Iterable[Sound | UserMistake], file: str) -> Iterator[Sound]:
    """What was found up to the first mistake; then all mistakes of `file` are raised together.

    Equal mistakes are one line that lists their places; of the different ones the first ten are told and the others
    counted. What ends the reading (a quote that is never closed) is told last.
    """
    rest = iter(found)
    for each in rest:
        if isinstance(each, UserMistake):
            raise_all(_told(*_collected(each, rest), file))
        else:
            yield each


def _collected(first: UserMistake, rest: Iterator[Any]) -> tuple[list[UserMistake], list[UserMistake]]:
    """The bad records, at most `ENOUGH`, and what ended the reading."""
    bad = [first]
    try:
        for each in rest:
            if isinstance(each, UserMistake):
                bad.append(each)
            if len(bad) == ENOUGH:
                break
    except UserMistake as last:
        return bad, [last]
    return bad, []


def _told(bad: list[UserMistake], last: list[UserMistake], file: str) -> list[UserMistake]:
    kinds: dict[tuple[str, str, str], list[UserMistake]] = {}
    for each in bad:
        kinds.setdefault((each.where.rpartition(" ")[0], each.what, each.remedy), []).append(each)
    told: list[UserMistake] = [joined(same) for same in list(kinds.values())[:LINES]]
    if untold := sum(map(len, list(kinds.values())[LINES:])):
        stopped = ", and the file was read no further" if len(bad) == ENOUGH else ""
        told.append(type(bad[0])(file, f"{untold} more bad records{stopped}", "put those above right first"))
    return told + last


def joined(same: Sequence[Mistake]) -> Mistake:
    """One mistake for equal ones: 'x.csv, line 3' and 'x.csv, line 9' are 'x.csv, lines 3, 9'."""
    first, more = same[0], len(same) - LINES
    if len(same) == 1:
        return first
    place = first.where.rpartition(" ")[0]
    numbers = ", ".join(each.where.rpartition(" ")[2] for each in same[:LINES])
    return type(first)(f"{place}s {numbers}" + (f" and {more} more" if more > 0 else ""), first.what, first.remedy)
