"""Wordings that are made one after the other, without end: those of them that pass every check."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from unseen.diversify.checks import Sieve
from unseen.diversify.wording import Wording

PATIENCE = 200  # candidates in a row that pass no check: there are hardly more


def passing(wording: Callable[[int], Wording], sieve: Sieve) -> Iterator[tuple[int, Wording]]:
    """How many of `wording(0)`, `wording(1)`, ... were looked at so far, and one that `sieve` keeps.

    Ends when none of `PATIENCE` in a row passes.
    """
    number = last = 0
    while number - last < PATIENCE:
        candidate = wording(number)
        number += 1
        if sieve.keeps(candidate):
            last = number
            yield number, candidate
