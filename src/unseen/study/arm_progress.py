"""How far the arms of a study are, for a person: a line for each that runs, a line when it has ended."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unseen.launch import leads
from unseen.progress import say
from unseen.study.arms import Arm
from unseen.study.record import NAME

READ_EVERY = 1.0  # seconds
RECENT = 8  # steps whose mean is the rate


@dataclass
class Board:
    """What is told of the arms of a study while they run. `arms` are to run in all, `workers` at a time; `show` changes
    the lines of a terminal, where there is one."""

    folder: Path
    arms: int
    workers: int
    show: Callable[[Sequence[str]], None] | None = None
    began: dict[str, float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    looked: float = 0.0

    def look(self, running: Sequence[Arm]) -> None:
        """Show how far the arms that run are."""
        for arm in running:
            self.began.setdefault(arm.folder, time.monotonic())
        if self.show and time.monotonic() - self.looked >= READ_EVERY:
            self.looked = time.monotonic()
            self.show([f"{_called(arm)}: {how_far(self.folder / arm.folder, arm)}" for arm in running])

    def ended(self, arm: Arm, how: str) -> None:
        """Tell how an arm ended, how long it took, and when the others will have."""
        seconds = time.monotonic() - self.began.get(arm.folder, time.monotonic())
        self.took.append(seconds)
        left = self.arms - len(self.took)
        about = sum(self.took) / len(self.took) * left / self.workers
        rest = f", about {spelled(about)} left" if left else ""
        self.tell(f"{_called(arm)}: {how}, {spelled(seconds)}; {len(self.took)} of {self.arms}{rest}")

    def tell(self, line: str) -> None:
        say(line)


@contextmanager
def board(folder: Path, arms: int, workers: int) -> Iterator[Board]:
    """A board that a terminal shows below what is told; elsewhere only what is told."""
    if not sys.stderr.isatty() or not leads():
        yield Board(folder, arms, workers)
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(stderr=True), transient=True) as live:
        yield Board(folder, arms, workers, lambda lines: live.update(Text("\n".join(lines))))


def how_far(run: Path, arm: Arm) -> str:
    """How far an arm is, by what its run folder holds."""
    return run_progress(run, "asking" if arm.work == "ask" else "asking its base model")


def run_progress(run: Path, untuned: str = "asking its base model") -> str:
    """How far a run is, by what its folder holds. `untuned` is what is said before its first step."""
    record, lines = _record(run), _steps(run)
    if not record:
        return "reading its rows"
    if not lines:
        return "tuning, no step done yet" if planned_steps(record) else untuned
    steps = planned_steps(record)
    if len(lines) >= steps:
        return "asking its tuned model"
    recent = [line["seconds"] for line in lines[-RECENT:]]
    rate = sum(recent) / len(recent)
    return f"step {len(lines)} of {steps}, {rate:.2g} s a step, {spelled(rate * (steps - len(lines)))} of tuning left"


def planned_steps(record: Mapping[str, Any]) -> int:
    """The optimizer steps that a run will have done; 0 before its examples were counted."""
    if "counts" not in record:
        return 0
    return -(-int(record["counts"]["examples"]) // int(record["recipe"]["train"]["examples_per_step"]))


def spelled(seconds: float) -> str:
    """A time as a person says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 90 * 60 else f"{seconds / 3600:.1f} hours"


def _called(arm: Arm) -> str:
    return f"{arm.name} seed {arm.seed}"


def _record(run: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((run / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _steps(run: Path) -> list[dict[str, Any]]:
    try:
        lines = (run / "steps.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]
    except (OSError, ValueError):
        return []
