"""Optimizer steps in processes of their own, done one at a time when they are asked for.

A `Job` says what is trained and how; a worker (steps_unseen.py, steps_trl.py) reads it from a file, makes everything
ready and answers each line `step` on its input with one line of JSON: `seconds`, `loss`, `peak_mb`, `tokens`, `nodes`.
So two systems take turns on the same machine, and neither is alone when it is quiet.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Job:
    """`rows`: a file of JSON lines with `input_ids` and `labels`, all of one optimizer step, which every step repeats.

    `setting` is the system's own: `batches` and `batch_tokens` of ours; `batch`, `packing`, `tries` of TRL.
    """

    rows: str
    model: str
    method: str = "full"
    precision: str = "bfloat16"
    device: str = "cpu"
    threads: int = 2
    steps: int = 4
    learning_rate: float = 1e-5
    rank: int = 16
    setting: dict[str, Any] = field(default_factory=dict)


class Worker:
    """A process that does steps. Ends the program with the worker's own words when that fails."""

    def __init__(self, python: str | Path, script: str, job: Job, folder: Path) -> None:
        self.script, file = script, folder / f"{script}-{len(list(folder.iterdir()))}.json"
        file.write_text(json.dumps(asdict(job)))
        self._errors = file.with_suffix(".err").open("w+")
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": str(job.threads),
            "OMP_WAIT_POLICY": "PASSIVE",
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_VERBOSITY": "error",
            "PYTHONPATH": str(HERE.parent / "src"),
        }
        self._process = subprocess.Popen(
            [str(python), "-W", "ignore", str(HERE / script), str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
        )

    def step(self) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write("step\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            sys.exit(f"{self.script} failed:\n{self._errors.read()[-3000:]}")
        return dict(json.loads(line))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def differences(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> dict[str, float]:
    """How far the losses of two systems' steps are apart, relative to theirs: `max_difference` in the first step, which
    has the same weights; `later_difference` at most in those after it, whose weights were rounded on ways of their own.

    In bfloat16 those differ. In 135M's weights, which stem from a file of 4 bits, one in ten lies so near the middle of
    two bfloat16 numbers that an update of 1e-7 rounds it the other way.
    """
    each = [abs(one["loss"] - other["loss"]) / abs(other["loss"]) for one, other in zip(ours, theirs, strict=True)]
    return {"max_difference": each[0], "later_difference": max(each[1:], default=0.0)}


def in_turn(workers: Sequence[Worker], warm: int, repeats: int) -> list[list[dict[str, Any]]]:
    """Each worker's timed steps, after `warm` that are not; the workers take turns."""
    try:
        taken = [[worker.step() for worker in workers] for _ in range(warm + repeats)]
    finally:
        for worker in workers:
            worker.close()
    return [[one[number] for one in taken] for number in range(len(workers))]
