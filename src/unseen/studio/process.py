"""A process that may outlive the studio: known by its id and by when it began, since ids come again."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """`began` is when the process with this `pid` was started, in the system's own words; empty where it is gone."""

    pid: int
    began: str

    @classmethod
    def of(cls, pid: int) -> Process:
        return cls(pid, _began(pid))

    @property
    def lives(self) -> bool:
        """Whether it runs: another process that was given its id since is not it, nor is one that nobody waited for."""
        return bool(self.began) and _began(self.pid) == self.began

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to what it started, if it still runs. It must lead a process group."""
        if self.lives:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                return  # it ended just now


def started(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """`command` in a session of its own, which no closed terminal and no Ctrl-C ends; it writes behind `log`.
    `environment` is what it has beyond this process's own."""
    with log.open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            close_fds=True,
            env={**os.environ, **environment},
        )


def _began(pid: int) -> str:
    """Empty for a process that is not there or that has ended."""
    return _of_proc(pid) if PROC.joinpath("self", "stat").exists() else _of_ps(pid)


def _of_proc(pid: int) -> str:
    """Ticks since this boot (proc(5): behind the name in brackets, the state is field 1 and the start field 20)."""
    try:
        fields = PROC.joinpath(str(pid), "stat").read_text().rpartition(")")[2].split()
        boot = PROC.joinpath("sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{fields[19]} ticks after boot {boot}"


def _of_ps(pid: int) -> str:
    done = subprocess.run(["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, began = done.stdout.strip().partition(" ")
    return "" if not state or state.startswith("Z") else began.strip()
