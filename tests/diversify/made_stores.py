"""A whole diversification over texts that are known, for tests in this process and in others that are killed.

Run as a program it diversifies slowly, noting each request in a log when it is asked.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from unseen.ask.chat import Drawing, Request, Said, Unsaid
from unseen.ask.chat_replay import ReplayChat
from unseen.diversify.answering import Answering
from unseen.diversify.diversify import Made, Wanted, diversify_questions
from unseen.diversify.keeping import Keeping
from unseen.diversify.writing import FromNothing, Source

SUBJECTS = ["tides", "clocks", "bread", "bridges", "owls", "chess", "maps", "rivers", "violins", "salt"]
ASKS = ["How do {} work these days?", "Who first wrote about {} at length?", "Name a film about {} for children."]


def question(number: int) -> str:
    """Every seventh one is a copy."""
    number -= number % 7 == 6
    return ASKS[number % 3].format(SUBJECTS[number // 3 % 10]) + f" (case {number})"


def texts(count: int = 80) -> dict[str, str | Said]:
    """Texts of so many questions and answers; every fifth answer is a refusal."""
    made: dict[str, str | Said] = {f"question/{number}": question(number) for number in range(count)}
    for number in range(count):
        refused = number % 5 == 4
        made[f"answer/{number}"] = "I'm sorry, but I can't say." if refused else f"Answer {number} is a fair one."
    return made


class Logged(ReplayChat):
    """Notes each request before it is answered, and takes its time."""

    def __init__(self, log: Path, seconds: float = 0.0) -> None:
        super().__init__(texts())
        self.log, self.seconds = log, seconds

    def say(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        for request in requests:
            with self.log.open("a") as file:
                file.write(request.id + "\n")
            time.sleep(self.seconds)
            yield from super().say([request])


def wanted(number: int = 20, source: Source | None = None, keeping: Keeping | None = None) -> Wanted:
    return Wanted(number, source or FromNothing(Drawing(), 0), Answering(), keeping or Keeping())


def made(folder: Path, number: int = 20) -> Made:
    return diversify_questions(wanted(number), ReplayChat(texts()), folder)


if __name__ == "__main__":
    diversify_questions(wanted(), Logged(Path(sys.argv[2]), 0.01), Path(sys.argv[1]))
    os._exit(0)
