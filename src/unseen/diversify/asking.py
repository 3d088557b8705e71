"""Asks a backend for texts that are not in the store yet, and keeps each there as it arrives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from unseen.ask.chat import ChatBackend, Request, Said, Unsaid
from unseen.diversify.store import Store
from unseen.phases import Advance
from unseen.progress import rated_bar

Watch = Callable[[str], AbstractContextManager[Advance]]


@dataclass(frozen=True, slots=True)
class Asked:
    """The outcome of every request by its id; `new` of them are texts that arrived now."""

    outcomes: dict[str, Said | Unsaid]
    new: int


def ask_once(
    requests: Sequence[Request], backend: ChatBackend, store: Store, doing: str, watch: Watch = rated_bar
) -> Asked:
    """What the store holds is not asked for again. Raises `JobFailed` where the backend gives up; what came is kept."""
    known: dict[str, Said | Unsaid] = {**store.said([each.id for each in requests])}
    waiting = [each for each in requests if each.id not in known]
    if waiting:
        with watch(doing) as advance:
            advance(len(known), len(requests))
            for id, outcome in backend.say(waiting):
                store.keep(id, outcome)
                known[id] = outcome
                advance(len(known), len(requests))
    return Asked(known, sum(isinstance(known[each.id], Said) for each in waiting))
