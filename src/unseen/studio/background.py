"""Work that takes longer than a page may: done one after the other in the background, told how far it is, and kept."""

from __future__ import annotations

import sys
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Thread
from time import monotonic
from typing import Any, Literal

from unseen.errors import UnseenError, UserMistake, one_line
from unseen.phases import Phases, Standing, shown_by

State = Literal["waiting", "working", "done", "failed", "stopped"]
MOST = 8  # finished errands whose values are kept
LOOK_EVERY = 0.2  # seconds between two looks of one that waits whether it is to stop

Work = Callable[[Phases], Any]


class Stopped(Exception):
    """Raised inside an errand that was asked to stop."""


@dataclass(slots=True)
class Errand:
    """`value` is what the work gave, `lines` what went wrong; `about` is what its page wants to know of it. `standing`
    is how far it is, `pages` are those that follow it now. One that was `replaced` by a later one is of no more use."""

    key: str
    about: Any
    state: State = "waiting"
    standing: Standing | None = None
    value: Any = None
    lines: tuple[str, ...] = ()
    to_stop: bool = False
    replaced: bool = False
    pages: list[str] = field(default_factory=list)
    began: float = field(default_factory=monotonic)

    @property
    def finished(self) -> bool:
        return self.state not in ("waiting", "working")

    @property
    def is_lost(self) -> bool:
        """Whether nothing will come of it because a later one took its place."""
        return self.replaced and self.state != "done"

    @property
    def seconds(self) -> float:
        """Since it was begun, waiting included."""
        return monotonic() - self.began

    @contextmanager
    def followed_by(self, page: str) -> Iterator[None]:
        """While inside, `page` shows how far it is."""
        self.pages.append(page)
        try:
            yield
        finally:
            self.pages.remove(page)

    def stand(self, standing: Standing) -> None:
        """How far the work is. Raises `Stopped` in an errand that is to stop."""
        if self.to_stop:
            raise Stopped
        self.standing = standing


@dataclass(slots=True)
class Errands:
    """The errands of a studio by key, the latest last. Those about the same kind of thing are done one after the
    other; others beside them."""

    _errands: dict[str, Errand] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _turns: dict[type, Lock] = field(default_factory=lambda: defaultdict(Lock))

    def get(self, key: str) -> Errand | None:
        return self._errands.get(key)

    def start(self, key: str, about: Any, work: Work) -> Errand:
        """The errand of that key: the one there is, unless it was stopped or failed or is lost, else a new one."""
        with self._lock:
            held = self._errands.get(key)
            if held is not None and held.state not in ("stopped", "failed") and not held.is_lost:
                return held
            errand = self._errands[key] = Errand(key, about)
            self._forget()
        Thread(target=self._run, args=(errand, work), daemon=True, name=f"errand {key[:8]}").start()
        return errand

    def replace_others(self, errand: Errand, page: str) -> None:
        """Stop the unfinished errands about the same kind of thing, unless another page than `page` follows them."""
        for other in self._alike(errand):
            if set(other.pages) <= {page}:
                other.to_stop = other.replaced = True

    def before(self, errand: Errand) -> Errand | None:
        """The errand that `errand` waits for."""
        return next((other for other in self._alike(errand) if other.state == "working"), None)

    def _alike(self, errand: Errand) -> list[Errand]:
        others = [other for other in list(self._errands.values()) if other is not errand and not other.finished]
        return [other for other in others if type(other.about) is type(errand.about)]

    def _forget(self) -> None:
        finished = [key for key, errand in self._errands.items() if errand.finished]
        for key in finished[:-MOST]:
            del self._errands[key]

    def _run(self, errand: Errand, work: Work) -> None:
        with self._lock:
            turn = self._turns[type(errand.about)]
        while not turn.acquire(timeout=LOOK_EVERY):
            if errand.to_stop:
                errand.state = "stopped"
                return
        try:
            _do(errand, work)
        finally:
            turn.release()


def _do(errand: Errand, work: Work) -> None:
    try:
        if errand.to_stop:
            raise Stopped
        errand.state = "working"
        errand.value = work(shown_by(errand.stand))
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
