"""The curves of a run while it grows: steps.jsonl is read on from where it was left, never again from its beginning."""

from __future__ import annotations

import json
import os
from array import array
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from threading import Lock
from typing import Any

from unseen.reporting.figures.curve import Points, thinned
from unseen.studio.workspace import Workspace

RECENT = 8  # steps whose mean is the rate
AT_ONCE = 1 << 22  # bytes that are read together
MEASURES = ("loss", "learning_rate", "grad_norm")


@dataclass(slots=True)
class Curves:
    """What steps.jsonl held when it was last read. `left_out` lines were no steps; `unlike` values were no numbers."""

    path: Path
    steps: array[float] = field(default_factory=lambda: array("d"))
    values: dict[str, array[float]] = field(default_factory=lambda: {name: array("d") for name in MEASURES})
    validation: list[tuple[float, float]] = field(default_factory=list)
    seconds: array[float] = field(default_factory=lambda: array("d"))
    epoch: float = 0.0
    tokens: int = 0
    left_out: int = 0
    unlike: int = 0
    _file: int = 0  # its inode: a resumed run writes the file anew
    _read: int = 0  # bytes
    _lock: Lock = field(default_factory=Lock)

    def read_on(self) -> None:
        """Read what was written since, up to the last whole line."""
        with self._lock:
            try:
                with self.path.open("rb") as file:
                    self._read_from(file)
            except OSError:
                self._forget(0)

    def points(self, measure: str) -> Points:
        """At most 500 (step, value), means of equal parts where there are more; values that are no numbers are gaps."""
        pairs = zip(self.steps, self.values[measure], strict=True)
        return thinned([(step, value) for step, value in pairs if isfinite(value)])

    @property
    def rate(self) -> float | None:
        """Seconds a step, of the latest ones."""
        recent = self.seconds[-RECENT:]
        return sum(recent) / len(recent) if recent else None

    def _read_from(self, file: Any) -> None:
        found = os.fstat(file.fileno())
        if found.st_ino != self._file or found.st_size < self._read:
            self._forget(found.st_ino)
        file.seek(self._read)
        rest = b""
        while block := file.read(AT_ONCE):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                self._read += len(line) + 1
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            numbers = [float(said[name]) for name in ("step", *MEASURES, "seconds", "epoch")]
            tokens, validation = int(said["supervised_tokens"]), said.get("validation_loss")
            measured = None if validation is None else float(validation)
        except (ValueError, KeyError, TypeError, OverflowError, AttributeError):
            self.left_out += 1
            return
        step, *values, seconds, epoch = numbers
        if not isfinite(step) or not isfinite(seconds):
            self.left_out += 1
            return
        self.unlike += sum(not isfinite(value) for value in values)
        self.steps.append(step)
        for name, value in zip(MEASURES, values, strict=True):
            self.values[name].append(value)
        self.seconds.append(seconds)
        self.epoch, self.tokens = epoch, self.tokens + tokens
        if measured is not None and isfinite(measured):
            self.validation.append((step, measured))

    def _forget(self, file: int) -> None:
        self._file, self._read = file, 0
        self.steps, self.seconds = array("d"), array("d")
        self.values = {name: array("d") for name in MEASURES}
        self.validation = []
        self.epoch, self.tokens, self.left_out, self.unlike = 0.0, 0, 0, 0


def curves_of(workspace: Workspace, folder: Path) -> Curves:
    """The curves of a run folder as of now."""
    path = folder / "steps.jsonl"
    found: Curves = workspace.kept(("curves", str(path)), None, lambda: Curves(path))
    found.read_on()
    return found
