"""Work that takes longer than a page may: done one after the other in the background, told how far it is, and kept."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any, Literal

from unseen.errors import UnseenError, UserMistake, one_line
from unseen.progress import Advance

State = Literal["waiting", "working", "done", "failed", "stopped"]
MOST = 8  # finished jobs whose values are kept

Work = Callable[[Advance], Any]


class Stopped(Exception):
    """Raised inside a job that was asked to stop."""


@dataclass(slots=True)
class Job:
    """`value` is what the work gave, `lines` what went wrong; `about` is what its page wants to know of it."""

    key: str
    about: Any
    state: State = "waiting"
    done: int = 0
    total: int | None = None
    value: Any = None
    lines: tuple[str, ...] = ()
    to_stop: bool = False

    @property
    def finished(self) -> bool:
        return self.state not in ("waiting", "working")

    def advance(self, done: int, total: int | None) -> None:
        """How far the work is. Raises `Stopped` in a job that is to stop."""
        if self.to_stop:
            raise Stopped
        self.done, self.total = done, total


@dataclass(slots=True)
class Jobs:
    """The jobs of a studio by key, the latest last."""

    _jobs: dict[str, Job] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _turn: Lock = field(default_factory=Lock)

    def get(self, key: str) -> Job | None:
        return self._jobs.get(key)

    def start(self, key: str, about: Any, work: Work) -> Job:
        """The job of that key: the one there is, unless it was stopped or failed, else a new one."""
        with self._lock:
            held = self._jobs.get(key)
            if held is not None and held.state not in ("stopped", "failed"):
                return held
            job = self._jobs[key] = Job(key, about)
            self._forget()
        Thread(target=self._run, args=(job, work), daemon=True, name=f"job {key[:8]}").start()
        return job

    def stop_others(self, job: Job, kind: type) -> None:
        """Stop the unfinished jobs about the same kind of thing: a later one took their place."""
        for other in list(self._jobs.values()):
            if other is not job and isinstance(other.about, kind) and not other.finished:
                other.to_stop = True

    def _forget(self) -> None:
        finished = [key for key, job in self._jobs.items() if job.finished]
        for key in finished[:-MOST]:
            del self._jobs[key]

    def _run(self, job: Job, work: Work) -> None:
        with self._turn:
            try:
                job.advance(0, None)
                job.state = "working"
                job.value = work(job.advance)
                job.state = "done"
            except Stopped:
                job.state = "stopped"
            except UnseenError as error:
                job.lines = error.lines if isinstance(error, UserMistake) else (one_line(str(error)),)
                job.state = "failed"
            except Exception as error:  # a fault of ours must not end the thread unseen
                traceback.print_exc(file=sys.stderr)
                job.lines = (one_line(f"{type(error).__name__}: {error}; the terminal has the details"),)
                job.state = "failed"
