"""What both kinds of worker do alike: read the job, wait for the word, answer. Nothing of ours is imported here."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import torch


def job() -> dict[str, Any]:
    return dict(json.loads(Path(sys.argv[1]).read_text()))


def rows(job: dict[str, Any]) -> list[dict[str, list[int]]]:
    with Path(job["rows"]).open() as file:
        return [json.loads(line) for line in file]


def answers() -> TextIO:
    """Where answers go; whatever else is printed in this process goes to the errors."""
    file = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return file


def wait_for_step() -> bool:
    """False when no more steps are asked for."""
    return bool(sys.stdin.readline())


def answer(file: TextIO, device: str, **values: Any) -> None:
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else peak_bytes()
    print(json.dumps({**values, "peak_mb": round(peak / 2**20)}), file=file, flush=True)


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Stopwatch:
    """Runs from when it is made. `read`: the seconds on the wall, and those that processors spent on this process,
    which other work on the machine lengthens little."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._began = self._now()

    def read(self) -> dict[str, float]:
        spent = [now - began for now, began in zip(self._now(), self._began, strict=True)]
        return dict(zip(("seconds", "cpu_seconds"), spent, strict=True))

    def _now(self) -> tuple[float, float]:
        if self._device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter(), time.process_time()


def lora(model: Any, rank: int) -> Any:
    """The adapter that both sides tune, from the same random numbers."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(model, config)
