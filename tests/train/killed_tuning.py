"""Run as a program: tune tiny models in child processes that are killed at random moments, then resumed.

`python killed_tuning.py FOLDER SEED` leaves each run's folder and prints how often each was killed. torch is imported
once; every attempt is a fork. Leaves by itself when a run has ended.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
from pathlib import Path

import torch
from tiny_tuning import KILLED_RUNS


def attempt(name: str, out: Path) -> int:
    """A child that resumes the run in `out`, or begins it; gives its process id."""
    child = os.fork()
    if child == 0:
        KILLED_RUNS[name](out, resume=True)
        os._exit(0)
    return child


def ended_within(child: int, seconds: float) -> bool:
    """Whether the child ends by itself in this time; it is killed without warning if not."""
    handle = os.pidfd_open(child)
    ended, _, _ = select.select([handle], [], [], seconds)
    os.close(handle)
    if not ended:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and status != 0:
        raise SystemExit(f"a child failed with status {status}")
    return not os.WIFSIGNALED(status)


def kills_until_ended(name: str, out: Path, draw: random.Random) -> int:
    """Kill at a random moment again and again; every attempt gets longer, so that it ends."""
    kills, longest = 0, 0.15
    while not ended_within(attempt(name, out), draw.uniform(0.02, longest)):
        kills += 1
        longest *= 1.3
    return kills


if __name__ == "__main__":
    torch.set_num_threads(1)
    draw = random.Random(int(sys.argv[2]))
    print(json.dumps({name: kills_until_ended(name, Path(sys.argv[1]) / name, draw) for name in KILLED_RUNS}))
