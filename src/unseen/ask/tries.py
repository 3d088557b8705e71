"""Trying again what a server did not do at first, with waits that grow."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
LONGEST = 60.0  # seconds


class TryAgain(Exception):
    """It went wrong in a way that may pass; `after` is how many seconds the server asks to wait, if it says so.

    `reached` says whether a server answered at all.
    """

    def __init__(self, why: str, reached: bool = True, after: float | None = None) -> None:
        super().__init__(why)
        self.why, self.reached, self.after = why, reached, after


@dataclass(frozen=True, slots=True)
class Tries:
    """At most `most` tries of a thing; `first` seconds before the second one, and twice as many before each next, a
    part of them at random, so that several requests do not come back at once."""

    most: int = 5
    first: float = 1.0
    wait: Callable[[float], object] = time.sleep

    def of(self, attempt: Callable[[], T]) -> T:
        """What `attempt` gives. Raises the last `TryAgain`."""
        for number in range(self.most - 1):
            try:
                return attempt()
            except TryAgain as failure:
                self.wait(min(LONGEST, failure.after or self.first * 2**number * random.uniform(0.75, 1.25)))
        return attempt()
