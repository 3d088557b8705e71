"""The models that the studio talks to: each in a process of its own, begun when it is asked, ended when it is idle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from signal import Signals
from threading import Lock, Thread, Timer
from time import monotonic
from typing import Any, Literal

from unseen.phases import Standing, standing_of

PROGRAM = (sys.executable, "-m", "unseen.studio.model_worker")
IDLE = 600.0  # seconds without a question after which a model leaves the memory
State = Literal["loading", "ready", "gone"]
Take = Callable[[Mapping[str, Any]], None]  # what is given each line about a request: more, end or wrong


@dataclass(slots=True)
class Worker:
    """One process. Every request ends with one `end` or `wrong`, also when the process is killed. `standing` is how far
    the loading of its model is."""

    name: str
    process: subprocess.Popen[str]
    state: State = "loading"
    used: float = field(default_factory=monotonic)
    why: str = ""
    standing: Standing | None = None
    _takers: dict[int, Take] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))
    _lock: Lock = field(default_factory=Lock)

    def ask(self, request: Mapping[str, Any], take: Take) -> int:
        """Send a request; `take` is called from another thread. The request's number, for `stop`."""
        with self._lock:
            number: int = next(self._numbers)
            if self.state != "gone":
                self._takers[number] = take
                self.used = monotonic()
        if number not in self._takers:
            take({"wrong": f"{self.name} is not in memory any more; ask again"})
        else:
            self._send({"id": number, **request})
        return number

    def stop(self, number: int) -> None:
        """End an answer where it is; one that has not begun ends with its first words."""
        self._send({"stop": number})

    def end(self, why: str) -> None:
        """End the process; whoever waits for an answer is told `why`."""
        self.why = why
        self.process.kill()

    @property
    def idle(self) -> float:
        """Seconds since it was last asked or last answered; 0 while it answers."""
        return 0.0 if self._takers or self.state == "loading" else monotonic() - self.used

    def listen(self) -> None:
        """Hand out what the process says, until it ends; then tell whoever waits."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if "at" in said:
                self.standing = standing_of(said["at"])
            elif "ready" in said:
                self.state = "ready"
            elif "id" in said:
                self._hand(said)
            else:
                self.why = str(said.get("wrong", ""))
        status = self.process.wait()
        self._close()
        with self._lock:
            self.state, waiting, self._takers = "gone", list(self._takers.values()), {}
        for take in waiting:
            take({"wrong": self.why or _ended(self.name, status)})

    def _close(self) -> None:
        for pipe in (self.process.stdout, self.process.stdin):
            with suppress(OSError):
                assert pipe is not None
                pipe.close()

    def _hand(self, said: Mapping[str, Any]) -> None:
        with self._lock:
            take = self._takers.get(said["id"]) if "more" in said else self._takers.pop(said["id"], None)
            self.used = monotonic()
        if take:
            take(said)

    def _send(self, said: Mapping[str, Any]) -> None:
        try:
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(said) + "\n")
            self.process.stdin.flush()
        except (OSError, ValueError):
            return  # it is gone: `listen` tells whoever waits


@dataclass(slots=True)
class Workers:
    """At most one process a model."""

    program: Sequence[str] = PROGRAM
    idle: float = IDLE
    _held: dict[str, Worker] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def worker(self, name: str) -> Worker:
        """The process that holds the model `name`: the one that there is, or a new one, which loads it."""
        with self._lock:
            found = self._held.get(name)
            if found is None or found.state == "gone":
                found = self._held[name] = self._started(name)
            return found

    def state(self, name: str) -> State:
        """Whether a model is in memory, without starting anything."""
        with self._lock:
            found = self._held.get(name)
        return "gone" if found is None else found.state

    def keep(self, names: Collection[str]) -> None:
        """End the processes of all other models."""
        with self._lock:
            others = [self._held.pop(name) for name in list(self._held) if name not in names]
        for worker in others:
            worker.end(f"{worker.name} left the memory: other models are talked to now")

    def _started(self, name: str) -> Worker:
        waits = {"OMP_WAIT_POLICY": "PASSIVE"}  # as `unseen` itself: models side by side share the cores
        process = subprocess.Popen(
            [*self.program, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**waits, **os.environ},
        )
        worker = Worker(name, process)
        Thread(target=worker.listen, daemon=True).start()
        self._end_when_idle(worker)
        return worker

    def _end_when_idle(self, worker: Worker) -> None:
        def look() -> None:
            if worker.state == "gone":
                return
            if worker.idle >= self.idle:
                worker.end(f"{worker.name} left the memory: it was not asked for a while")
            else:
                self._end_when_idle(worker)

        timer = Timer(max(self.idle - worker.idle, 0.05), look)
        timer.daemon = True
        timer.start()


def _ended(name: str, status: int) -> str:
    killed = f"was killed ({Signals(-status).name})" if status < 0 else f"ended (status {status})"
    return f"the process that holds {name} {killed}; ask again, and it is loaded anew"
