"""Optimizer steps in processes of their own, done one at a time when they are asked for.

A `Job` says what is trained and how; a worker (steps_unseen.py, steps_trl.py) reads it from a file, makes everything
ready and answers each line `step` on its input with one line of JSON: `seconds`, `loss`, `peak_mb`, `tokens`, `nodes`.
Systems run one after the other, each alone in memory.
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


@dataclass(frozen=True)
class Worker:
    """A process that does steps: `script`, run by `python`, which reads `job` from a file in `folder`."""

    python: str | Path
    script: str
    job: Any
    folder: Path

    def steps(self, count: int) -> list[dict[str, Any]]:
        """So many steps of a process that is started for them and ended after them. Ends the program with the worker's
        own words when that fails."""
        file = self.folder / f"{self.script}-{len(list(self.folder.iterdir()))}.json"
        file.write_text(json.dumps(asdict(self.job)))
        with file.with_suffix(".err").open("w+") as errors, self._started(file, errors) as process:
            try:
                return [self._step(process, errors) for _ in range(count)]
            finally:
                process.kill()

    def _started(self, file: Path, errors: Any) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": str(self.job.threads),
            "OMP_WAIT_POLICY": "PASSIVE",
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_VERBOSITY": "error",
            "PYTHONPATH": str(HERE.parent / "src"),
        }
        return subprocess.Popen(
            [str(self.python), "-W", "ignore", str(HERE / self.script), str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        )

    def _step(self, process: subprocess.Popen[str], errors: Any) -> dict[str, Any]:
        assert process.stdin and process.stdout
        try:
            process.stdin.write("step\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass
        line = process.stdout.readline()
        if not line:
            errors.seek(0)
            sys.exit(f"{self.script} failed:\n{errors.read()[-3000:]}")
        return dict(json.loads(line))


def differences(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> dict[str, float]:
    """How far the losses of two systems' steps are apart, relative to theirs: `max_difference` in the first step, which
    has the same weights; `later_difference` at most in those after it, whose weights were rounded on ways of their own.

    In bfloat16 those differ. In 135M's weights, which stem from a file of 4 bits, one in ten lies so near the middle of
    two bfloat16 numbers that an update of 1e-7 rounds it the other way.
    """
    each = [abs(one["loss"] - other["loss"]) / abs(other["loss"]) for one, other in zip(ours, theirs, strict=True)]
    return {"max_difference": each[0], "later_difference": max(each[1:], default=0.0)}


def one_by_one(workers: Sequence[Worker], warm: int, repeats: int) -> list[list[dict[str, Any]]]:
    """Each worker's steps, the first `warm` of which are not to be timed. Each is alone in memory while it works: with
    another system's 5 GB beside it, a step of TRL took 53 instead of 35 s on a machine of 24 GB."""
    return [worker.steps(warm + repeats) for worker in workers]
