"""Requests of an invented office, each with a docket: how `town_requests` and `harbour_requests` are put together.

A request is put so that a chat model would simply answer it. Its docket, a Python dict literal with two keys, says in a
few words whose it is and whether it can wait, and then whether it is urgent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Words:
    """What requests are made of. `today` and `later` map what a request says of time to how its docket puts it."""

    things: dict[str, tuple[str, ...]]  # whose they are: the things
    asked: tuple[str, ...]
    today: dict[str, str]
    later: dict[str, str]
    openings: tuple[str, ...]
    whose: tuple[str, ...]
    cannot_wait: tuple[str, ...]
    can_wait: tuple[str, ...]


def requests(words: Words, random: Random, count: int, behind: int = 0) -> list[dict[str, str]]:
    """`count` rows; nothing is asked twice of the same thing, and half of them cannot wait. With the same seed, those
    `behind` so many others ask nothing that these do."""
    asked = [(desk, thing, said) for desk, things in words.things.items() for thing in things for said in words.asked]
    random.shuffle(asked)
    rows = [
        _row(words, random, *each, "yes" if i % 2 else "no") for i, each in enumerate(asked[behind : behind + count])
    ]
    random.shuffle(rows)
    return rows


def lines(rows: list[dict[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _row(words: Words, random: Random, desk: str, thing: str, said: str, urgent: str) -> dict[str, str]:
    when, why = random.choice(list((words.today if urgent == "yes" else words.later).items()))
    whose, wait = random.choice(words.whose), random.choice(words.cannot_wait if urgent == "yes" else words.can_wait)
    docket = {"thought": f"{whose.format(desk=desk, thing=thing)} {wait.format(why=why)}", "urgent": urgent}
    return {"request": _request(words, random, said.format(thing=thing), when), **docket, "docket": str(docket)}


def _request(words: Words, random: Random, question: str, when: str) -> str:
    opening = random.choice(words.openings)
    if opening.endswith((", ", ": ")):
        question = question[0].lower() + question[1:]
    parts = (when, question) if not opening and random.random() < 0.5 else (question, when)
    return opening + " ".join(parts)
