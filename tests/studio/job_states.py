"""Waiting for jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

from unseen.studio.job import State
from unseen.studio.jobs import Jobs


def until(jobs: Jobs, name: str, met: Callable[[State], bool]) -> State:
    deadline = time.monotonic() + 60
    moment = Event()
    while not met(state := jobs.state(jobs.job(name))):
        assert time.monotonic() < deadline, state
        moment.wait(0.02)
    return state


def has_ended(state: State) -> bool:
    return not state.runs
