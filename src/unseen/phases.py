"""Where something long stands: what is done now, in words, how much of it is done, and how long the rest may take.

Whoever does the work names its phases; a terminal, a page, or a file that another process reads shows them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from unseen.wholefile import replacing

Advance = Callable[[int, int | None], None]  # done, of how many; None where nobody knows
MB = "MB"
TUNING = "tuning"  # the phase of optimizer steps, whose numbers the run's own log has
TOLD_EVERY = 0.5  # seconds between two writings of one phase
LONGEST = 200  # characters of a name that another process gave
LEAST = 2.0  # seconds of a phase from which its pace says something


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of something long. `name` is what is done ("comparing"), `unit` what is counted ("rows"); of `MB`, bytes
    are counted."""

    name: str
    unit: str = ""


Phases = Callable[[Phase], Advance]  # enters a phase; what it gives tells how far the phase is


@dataclass(frozen=True, slots=True)
class Standing:
    """`done` of `total` in `phase`, which began at `began` (seconds since 1970), when `first` were done before."""

    phase: Phase
    began: float
    done: int = 0
    total: int | None = None
    first: int | None = None

    @property
    def words(self) -> str:
        """`downloading 120 of 270 MB`, `comparing 1,200 of 5,000 rows`, or, where nothing is counted, `converting`."""
        name, unit = self.phase.name, self.phase.unit
        if self.total:
            return f"{name} {self._counted(self.done)} of {self._counted(self.total)} {unit}".rstrip()
        if self.done:
            return f"{name}, {self._counted(self.done)} {unit} so far"
        return name if unit == MB else f"{name} {unit}".rstrip()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def left(self, now: float) -> float | None:
        """Seconds until the end of this phase at the pace that it had; None where that cannot be told."""
        ours, passed = self.done - (self.first or 0), now - self.began
        if not self.total or ours <= 0 or passed < LEAST:
            return None
        return passed * (self.total - self.done) / ours

    def _counted(self, number: int) -> str:
        return f"{number / 1e6:,.0f}" if self.phase.unit == MB else f"{number:,}"


def untold(phase: Phase) -> Advance:
    """Phases that nobody looks at."""
    return lambda done, total: None


def shown_by(show: Callable[[Standing], None]) -> Phases:
    """Phases whose standing is handed to `show`, each time that it has changed."""

    def enter(phase: Phase) -> Advance:
        standing = Standing(phase, time.time())
        show(standing)

        def advance(done: int, total: int | None) -> None:
            nonlocal standing
            if done < standing.done or standing.total not in (None, total):
                standing = Standing(phase, time.time())  # something else is counted now, as the next task's questions
            first = done if standing.first is None else standing.first
            standing = replace(standing, done=done, total=total, first=first)
            show(standing)

        return advance

    return enter


def when_it_begins(phases: Phases, phase: Phase) -> Advance:
    """Enters `phase` when the first of it is told: what is done before belongs to the phase before."""
    entered: Advance | None = None

    def advance(done: int, total: int | None) -> None:
        nonlocal entered
        entered = entered or phases(phase)
        entered(done, total)

    return advance


def told_now_and_then(tell: Callable[[Standing], None]) -> Phases:
    """As `shown_by`, for one who is far away: a new phase is told at once, its counts twice a second."""
    phase: Phase | None = None
    at = 0.0

    def show(standing: Standing) -> None:
        nonlocal phase, at
        if standing.phase is not phase or time.monotonic() - at >= TOLD_EVERY:
            phase, at = standing.phase, time.monotonic()
            tell(standing)

    return shown_by(show)


def written_to(file: Path) -> Phases:
    """Phases that another process reads with `standing_in`. What cannot be written is not told: the work goes on."""

    def write(standing: Standing) -> None:
        with suppress(OSError), replacing(file) as part:
            part.write_text(json.dumps(standing.as_json()), encoding="utf-8")

    return told_now_and_then(write)


def standing_in(file: Path) -> Standing | None:
    """What `written_to` wrote last; None where there is nothing, or nothing of ours."""
    try:
        return standing_of(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def standing_of(said: Any) -> Standing | None:
    """What `Standing.as_json` gave; None of anything else."""
    try:
        phase = Phase(str(said["phase"]["name"])[:LONGEST], str(said["phase"]["unit"])[:LONGEST])
        done, total = int(said["done"]), None if said["total"] is None else int(said["total"])
        return Standing(phase, float(said["began"]), done, total, int(said["first"] or 0))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
