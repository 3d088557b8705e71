"""A run that the studio started: what is known of it, how it stands, and what became of it by what it said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from unseen.errors import one_line
from unseen.phases import Standing
from unseen.studio.process import Process
from unseen.study.record import NAME as RECORD
from unseen.study.record import read_if_there
from unseen.study.shared_tuning import has_checkpoint

LINES, BYTES = 200, 64 << 10  # of a log that are shown, and read for it
BEGUN = "$ unseen "  # begins the line that a log has for each start of its job
CRASHED = "Traceback (most recent call last):"
SAID = "unseen: "  # begins the line that a command ends with where it did not do its work
Kind = Literal["running", "stopping", "finished", "stopped", "failed", "killed"]


@dataclass(frozen=True, slots=True)
class Job:
    """`run` is the run's folder; `memory_mb` and `seconds` are what its plan says it needs and takes, None without one.
    `asked_to_stop` says that it was sent a signal since it was last started."""

    name: str
    run: Path
    process: Process
    began: str
    memory_mb: int | None = None
    asked_to_stop: bool = False
    seconds: int | None = None

    def gone_on(self) -> float:
        """Seconds since it was last started."""
        return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(self.began).astimezone(UTC)).total_seconds())


@dataclass(frozen=True, slots=True)
class State:
    """How a job stands: `line` says it in words, for `failed` in the run's own; `log` are the last lines it wrote, with
    a line that begins with `BEGUN` where it was resumed; `steps` how many it has done, of how many, once known;
    `standing` what it does now, as far as it says."""

    kind: Kind
    line: str
    log: tuple[str, ...]
    steps: tuple[int, int] | None = None
    standing: Standing | None = None

    @property
    def runs(self) -> bool:
        return self.kind in ("running", "stopping")


def ended(job: Job, log: tuple[str, ...]) -> State:
    """What became of a job whose process is gone. Its last line is its mistake; one that was killed told none."""
    said = _since_its_start(log)
    last = next((line for line in reversed(said) if line.strip()), "")
    if last.startswith(f"{SAID}interrupted"):
        return State("stopped", f"stopped; {resuming(job)}", log)
    if last.startswith(SAID) or CRASHED in said:
        return State("failed", one_line(last.removeprefix(SAID)), log)
    if read_if_there(job.run / RECORD).get("finished"):
        return State("finished", "its verdict and its scores are on its page", log)
    if job.asked_to_stop:
        return State("stopped", f"stopped; {resuming(job)}", log)
    return State("killed", f"it ended without a word: killed, or out of memory; {resuming(job)}", log)


def resuming(job: Job) -> str:
    """What resuming the job would do, by what its run folder holds."""
    if has_checkpoint(job.run):
        return "resumed, it goes on from its last checkpoint"
    return "no checkpoint yet: resumed, it will begin again"


def _since_its_start(log: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of a log since its job was last started."""
    starts = [at for at, line in enumerate(log) if line.startswith(BEGUN)]
    return log[starts[-1] + 1 :] if starts else log


def last_lines(log: Path) -> tuple[str, ...]:
    """The last lines of what was said, over all starts of the job; the first start itself is not told."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - BYTES, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ()
    lines = ["".join(char if char.isprintable() else " " for char in line).rstrip() for line in text.splitlines()]
    begun = int(size <= BYTES and bool(lines) and lines[0].startswith(BEGUN))
    return tuple(lines[begun:][-LINES:])
