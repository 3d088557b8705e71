"""Wordings that a model writes, over texts that are known, for tests in this process and in others that are killed.

Run as a program it writes wordings, notes each request in a log when it is asked, and is killed after so many texts.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from unseen.ask.chat import Request, Said, Unsaid
from unseen.ask.chat_replay import ReplayChat
from unseen.diversify.model_wordings import model_wordings
from unseen.diversify.wording_file import write_wordings
from unseen.diversify.written_wordings import MANNERS

INSTRUCTION = "Judge whether the response is true. Answer in the <sep> format."
STARTS = ["Tell me", "Find out", "Say clearly", "Kindly report", "We must learn", "Could you see", "Help us check"]
MIDDLES = ["if the reply holds up", "how far the reply is right", "that these claims stand", "which side truth is on"]
ENDS = ["with <sep>.", "and put it as <sep> wants.", "in the manner called <sep>."]
GOOD = [" ".join(parts) for parts in product(STARTS, MIDDLES, ENDS)]
EACH = 1  # wordings that a text lists
TRAIN, TEST = 9, 2


def texts(rounds: int = 20) -> dict[str, str]:
    """What is written for each request: a numbered list of the next wordings."""
    made: dict[str, str] = {}
    for round, index in product(range(rounds), range(len(MANNERS))):
        first = (round * len(MANNERS) + index) * EACH
        items = [GOOD[(first + n) % len(GOOD)] for n in range(EACH)]
        made[f"wording/{round}/{index}"] = "\n".join(f"{n}. {text}" for n, text in enumerate(items, 1))
    return made


class Logged(ReplayChat):
    """Notes each request before it is answered; the process is killed once `last` texts were handed out."""

    def __init__(self, log: Path, last: int | None = None) -> None:
        super().__init__(texts(), "a model")
        self.log, self.left = log, last

    def say(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        for request in requests:
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            with self.log.open("a") as file:
                file.write(request.id + "\n")
            yield from super().say([request])
            self.left = None if self.left is None else self.left - 1


def write(folder: Path, last: int | None = None) -> Path:
    from unseen.diversify.model_wordings import plain_rules

    rules = plain_rules(INSTRUCTION, ["<sep>"], ["thought"])
    made = model_wordings(rules, Logged(folder / "log", last), folder / "said.sqlite", TRAIN, TEST)
    write_wordings(made, folder / "wordings.yaml")
    return folder / "wordings.yaml"


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
    os._exit(0)
