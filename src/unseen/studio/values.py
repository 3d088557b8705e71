"""Numbers out of a form's values, within bounds that a page can show."""

from __future__ import annotations

from collections.abc import Mapping

from unseen.errors import UserMistake

LONGEST = 12  # digits of a number; Python reads no more than 4,300


def whole_number(values: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """The whole number `name`; the default where the field is empty. Raises `UserMistake` out of bounds."""
    given = values.get(name, "").strip()
    if not given:
        return default
    shown = name.replace("_", " ")
    if not is_number(given) or not least <= int(given) <= most:
        raise UserMistake(shown, f"'{given[:40]}' is no number from {least:,} to {most:,}", "give such a number")
    return int(given)


def is_number(text: str) -> bool:
    """Whether it is a whole number from 0 on that no page is too small for."""
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST


def number_of(values: Mapping[str, str]) -> int:
    """The number of a question that stands in an address. Raises `UserMistake` for what is no number."""
    return whole_number(values, "number", 0, 0, 10**LONGEST - 1)


def from_of(values: Mapping[str, str]) -> int:
    """Where a paged list begins: `from`, 0 for what is no number; the list itself bounds it above."""
    given = values.get("from", "")
    return int(given) if is_number(given) else 0
