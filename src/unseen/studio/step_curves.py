"""The curves of a run while it grows: steps.jsonl is read on from where it was left, never again from its beginning."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from unseen.reporting.figures.curve import MOST_POINTS, Points
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
        """At most 500 (step, value): means of equal parts where there are more, as `curve.thinned` has them. Values
        that are not finite are left out."""
        values = np.array(self.values[measure])
        sound = np.isfinite(values)
        steps, values = np.array(self.steps)[sound], values[sound]
        starts = np.arange(0, len(values), -(-len(values) // MOST_POINTS) or 1)
        if not len(starts):
            return []
        ends = np.append(starts[1:], len(values))
        means = np.add.reduceat(values, starts) / (ends - starts)
        return list(zip(steps[ends - 1].tolist(), means.tolist(), strict=True))

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
            self._read += sum(map(len, lines)) + len(lines)
            for said in _parsed(lines):
                self._take(said)

    def _take(self, said: Any) -> None:
        try:
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


def _parsed(lines: Sequence[bytes]) -> Iterator[Any]:
    """The JSON of each line, None where it has none; together where all are sound, which takes half the time."""
    try:
        found = json.loads(b"[" + b",".join(lines) + b"]")
    except (ValueError, RecursionError):
        found = []
    yield from found if len(found) == len(lines) else map(_value, lines)


def _value(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def curves_of(workspace: Workspace, folder: Path) -> Curves:
    """The curves of a run folder as of now."""
    path = folder / "steps.jsonl"
    found: Curves = workspace.kept(("curves", str(path)), None, lambda: Curves(path))
    found.read_on()
    return found
