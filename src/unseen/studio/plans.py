"""What recipes would do, found out by `unseen tune --plan` in a process of its own, one at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from signal import SIGINT
from threading import Lock, Thread
from time import monotonic
from typing import Any, Literal

from unseen.errors import one_line
from unseen.phases import Standing, standing_in
from unseen.progress import TOLD_IN
from unseen.reporting.planning import process_mb
from unseen.studio.draft import draft_of_text
from unseen.studio.job import SAID
from unseen.studio.workspace import Stamp
from unseen.wholefile import write_whole

KEPT = 16  # plans that are remembered, by what their recipe says
PATIENCE = 5.0  # seconds that a plan which is not wanted any more has to clear away its files


@dataclass(frozen=True, slots=True)
class Planned:
    """`seconds` is how long it has taken, `standing` how far it is; `values` are those of `study.plan.Plan`, and `line`
    says what was wrong."""

    state: Literal["planning", "planned", "wrong", "left"]
    seconds: float = 0.0
    values: Mapping[str, Any] | None = None
    line: str = ""
    standing: Standing | None = None


def no_stamp(catalogs: Sequence[str]) -> Stamp:
    return ()


def key_with(stamp: Callable[[Sequence[str]], Stamp], text: str) -> str:
    """Names the plan of a recipe by what the recipe says, however it is written, and by the `stamp` of its catalogs;
    text that is no recipe by itself."""
    recipe = draft_of_text(text).recipe
    said = text if recipe is None else json.dumps(recipe.canonical(), sort_keys=True) + repr(stamp(recipe.catalogs))
    return sha256(said.encode("utf-8", "replace")).hexdigest()[:24]


@dataclass(slots=True)
class _Running:
    key: str
    folder: tempfile.TemporaryDirectory[str]
    child: subprocess.Popen[str]
    began: float = field(default_factory=monotonic)

    @property
    def told_in(self) -> Path:
        return told_in(self.folder)


@dataclass(slots=True)
class Plans:
    """A new plan ends the one before: it is a form that changed. What was planned is not planned again, and is there
    again for a recipe that was changed back; `stamp` tells that a catalog was changed, so that its plans are old."""

    program: tuple[str, ...] = (sys.executable, "-m", "unseen")
    stamp: Callable[[Sequence[str]], Stamp] = no_stamp
    _running: _Running | None = None
    _done: OrderedDict[str, Planned] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def key_of(self, text: str) -> str:
        """The key of the plan of the recipe that `text` is, as its catalogs are now."""
        return key_with(self.stamp, text)

    def begin(self, text: str) -> str:
        """Begin to plan the recipe that `text` is, unless that is done or under way; the plan's key. What went wrong is
        tried again."""
        key = self.key_of(text)
        with self._lock:
            done = self._done.get(key)
            if (done and done.state != "wrong") or (self._running and self._running.key == key):
                return key
            self._leave()
            self._running = running = self._started(key, text)
        Thread(target=self._wait, args=(running,), daemon=True).start()
        return key

    def leave(self, key: str) -> None:
        """End the plan of that key, if it is under way."""
        with self._lock:
            if self._running and self._running.key == key:
                self._leave()

    def of(self, key: str) -> Planned:
        """How far a plan is; `left` where it was never begun, or ended before it was done."""
        with self._lock:
            if key in self._done:
                return self._done[key]
            if self._running and self._running.key == key:
                standing = standing_in(self._running.told_in)
                return Planned("planning", monotonic() - self._running.began, standing=standing)
        return Planned("left")

    def memory_mb(self, text: str) -> int | None:
        """What the recipe's plan says that its process needs, where it has one."""
        values = self.of(self.key_of(text)).values
        return None if values is None else process_mb(values)

    def run_seconds(self, text: str) -> int | None:
        """About how long the recipe's plan says that its run tunes and asks, where it has one."""
        values = self.of(self.key_of(text)).values
        return None if values is None else int(values["tuning_seconds"] + values["asking_seconds"])

    def _started(self, key: str, text: str) -> _Running:
        folder = tempfile.TemporaryDirectory(prefix="unseen-studio-")
        write_whole(Path(folder.name) / "recipe.yaml", text)
        told = {TOLD_IN: str(told_in(folder))}
        child = subprocess.Popen(
            [*self.program, "tune", str(Path(folder.name) / "recipe.yaml"), "--plan", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **told},
        )
        return _Running(key, folder, child)

    def _leave(self) -> None:
        running, self._running = self._running, None
        if running:
            running.child.send_signal(SIGINT)
            Thread(target=_ended, args=(running.child,), daemon=True).start()

    def _wait(self, running: _Running) -> None:
        said, told = running.child.communicate()
        running.folder.cleanup()
        with self._lock:
            if self._running is not running:
                return
            self._running = None
            self._done[running.key] = _planned(monotonic() - running.began, running.child.returncode, said, told)
            while len(self._done) > KEPT:
                self._done.popitem(last=False)


def told_in(folder: tempfile.TemporaryDirectory[str]) -> Path:
    """Where the process of a plan says how far it is."""
    return Path(folder.name) / "progress.json"


def _planned(seconds: float, status: int, said: str, told: str) -> Planned:
    if status == 0:
        try:
            return Planned("planned", seconds, json.loads(said))
        except ValueError:
            return Planned("wrong", seconds, line="the plan cannot be read")
    lines = [one_line(line) for line in told.splitlines() if line.strip()]
    mistakes = [line.removeprefix(SAID) for line in lines if line.startswith(SAID)]
    return Planned("wrong", seconds, line=" · ".join(mistakes) or (lines or ["it ended without a word"])[-1])


def _ended(child: subprocess.Popen[str]) -> None:
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
