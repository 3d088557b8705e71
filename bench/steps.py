"""Optimizer steps in processes of their own, done one at a time when they are asked for.

A `Job` says what is trained and how; a worker (steps_unseen.py, steps_trl.py) reads it from a file, makes everything
ready and answers each line `step` on its input with one line of JSON: `seconds`, `cpu_seconds`, `loss`, `peak_mb`,
`tokens`, `nodes`.
Systems run one after the other, each alone in memory.
"""

from __future__ import annotations

import json
import os
import statistics
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

    `setting` is the system's own: `batches` and `batch_tokens` of ours; `batch`, `packing`, `attention` and `tries` of
    TRL.
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


class WorkerFailed(SystemExit):
    """Ends the program with the worker's own words, where nobody can do without that worker."""


@dataclass(frozen=True)
class Worker:
    """A process that does steps: `script`, run by `python`, which reads `job` from a file in `folder`."""

    python: str | Path
    script: str
    job: Any
    folder: Path

    def steps(self, count: int) -> list[dict[str, Any]]:
        """So many steps of a process that is started for them and ended after them. Raises `WorkerFailed`."""
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
            raise WorkerFailed(f"{self.script} failed:\n{errors.read()[-3000:]}")
        return dict(json.loads(line))


def one_by_one(workers: Sequence[Worker], warm: int, repeats: int) -> list[list[dict[str, Any]]]:
    """Each worker's steps, the first `warm` of which are not to be timed. Each is alone in memory while it works: with
    another system's 5 GB beside it, a step of TRL took 53 instead of 35 s on a machine of 24 GB."""
    return [worker.steps(warm + repeats) for worker in workers]


def fastest_setting(workers: Sequence[Worker], warm: int) -> dict[str, Any]:
    """The setting of the worker whose step after `warm` is the fastest. One that fails (its batch is too large for the
    memory, its attention is not installed) is left out, and one line says so; `WorkerFailed` when all do."""
    found: list[tuple[float, dict[str, Any]]] = []
    failure: WorkerFailed | None = None
    for worker in workers:
        try:
            seconds = worker.steps(warm + 1)[-1]["seconds"]
        except WorkerFailed as failed:
            failure = failed
            print(f"{worker.job.setting} is left out: {str(failed).splitlines()[-1]}", file=sys.stderr)
        else:
            found.append((seconds, worker.job.setting))
            print(f"{worker.job.setting}: {seconds:.2f} s", file=sys.stderr)
    if not found and failure:
        raise failure
    return min(found, key=lambda each: each[0])[1]


def measured(
    case: str,
    system: str,
    steps: Sequence[dict[str, Any]],
    warm: int,
    group: int | None,
    peer: Sequence[dict[str, Any]] | None,
) -> dict[str, Any]:
    """What a benchmark of tuning says of a system: its steps after the first `warm`, beside the peer's.

    `group`: how many rows of a task a step draws together, None where nobody knows; `sharing`: tokens over nodes.
    Without a peer nothing is compared, and what would be is None.
    """
    tokens, nodes = steps[0]["tokens"], steps[0]["nodes"]
    apart = {"max_difference": None, "first_difference": None} if peer is None else differences(steps, peer, warm)
    return {
        "case": case,
        "system": system,
        "seconds": [each["seconds"] for each in steps[warm:]],
        "cpu_seconds": [each["cpu_seconds"] for each in steps[warm:]],
        "tokens": tokens,
        "nodes": nodes,
        "group": group,
        "sharing": tokens / nodes,
        "peak_mb": steps[-1]["peak_mb"],
        "ratio": None if peer is None else median_seconds(peer[warm:]) / median_seconds(steps[warm:]),
        "cpu_ratio": None if peer is None else median_cpu(peer[warm:]) / median_cpu(steps[warm:]),
        **apart,
    }


def differences(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]], warm: int) -> dict[str, float]:
    """How far the losses of two systems' steps are apart, relative to theirs: `max_difference` at most in the timed
    steps, those after the first `warm`; `first_difference` in the very first, the only one at the same weights.

    In bfloat16 later weights were rounded on ways of their own. In 135M's, which stem from a file of 4 bits, one in ten
    lies so near the middle of two bfloat16 numbers that an update of 1e-7 rounds it the other way.
    """
    each = [abs(one["loss"] - other["loss"]) / abs(other["loss"]) for one, other in zip(ours, theirs, strict=True)]
    return {"max_difference": max(each[warm:]), "first_difference": each[0]}


def median_seconds(steps: Sequence[dict[str, Any]]) -> float:
    return float(statistics.median(each["seconds"] for each in steps))


def median_cpu(steps: Sequence[dict[str, Any]]) -> float:
    return float(statistics.median(each["cpu_seconds"] for each in steps))
