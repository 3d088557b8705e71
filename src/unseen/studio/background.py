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
MOST = 8  # finished errands whose values are kept

Work = Callable[[Advance], Any]


class Stopped(Exception):
    """Raised inside an errand that was asked to stop."""


@dataclass(slots=True)
class Errand:
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
        """How far the work is. Raises `Stopped` in an errand that is to stop."""
        if self.to_stop:
            raise Stopped
        self.done, self.total = done, total


@dataclass(slots=True)
class Errands:
    """The errands of a studio by key, the latest last."""

    _errands: dict[str, Errand] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _turn: Lock = field(default_factory=Lock)

    def get(self, key: str) -> Errand | None:
        return self._errands.get(key)

    def start(self, key: str, about: Any, work: Work) -> Errand:
        """The errand of that key: the one there is, unless it was stopped or failed, else a new one."""
        with self._lock:
            held = self._errands.get(key)
            if held is not None and held.state not in ("stopped", "failed"):
                return held
            errand = self._errands[key] = Errand(key, about)
            self._forget()
        Thread(target=self._run, args=(errand, work), daemon=True, name=f"errand {key[:8]}").start()
        return errand

    def stop_others(self, errand: Errand, kind: type) -> None:
        """Stop the unfinished errands about the same kind of thing: a later one took their place."""
        for other in list(self._errands.values()):
            if other is not errand and isinstance(other.about, kind) and not other.finished:
                other.to_stop = True

    def _forget(self) -> None:
        finished = [key for key, errand in self._errands.items() if errand.finished]
        for key in finished[:-MOST]:
            del self._errands[key]

    def _run(self, errand: Errand, work: Work) -> None:
        with self._turn:
            try:
                errand.advance(0, None)
                errand.state = "working"
                errand.value = work(errand.advance)
                errand.state = "done"
            except Stopped:
                errand.state = "stopped"
            except UnseenError as error:
                errand.lines = error.lines if isinstance(error, UserMistake) else (one_line(str(error)),)
                errand.state = "failed"
            except Exception as error:  # a fault of ours must not end the thread unseen
                traceback.print_exc(file=sys.stderr)
                errand.lines = (one_line(f"{type(error).__name__}: {error}; the terminal has the details"),)
                errand.state = "failed"
