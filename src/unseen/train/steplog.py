"""`steps.jsonl`: one JSON object a line for every optimizer step done."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unseen.wholefile import replacing


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step. `step` counts from 1: steps done. `loss` is per unit of supervised weight; `grad_norm` is before
    clipping; `supervised_tokens` have a weight above 0. `tokens` is what the examples hold, `tokens_read` what of it a
    model must read, `nodes` how many of those are left after sharing, `positions` what is computed, padding included.
    `seconds` leaves validation out; `validation_loss` is None where none was due."""

    step: int
    loss: float
    learning_rate: float
    grad_norm: float
    supervised_tokens: int
    tokens: int
    tokens_read: int
    nodes: int
    positions: int
    seconds: float
    epoch: float
    validation_loss: float | None = None


class StepLog:
    """Appends lines to a file, cut back at opening to its first `done` steps.

    What stands beyond the last checkpoint is done again by a resumed run, a half-written line included.
    """

    def __init__(self, path: Path, done: int) -> None:
        self.path = path
        kept = [line for line in read_steps(path) if line["step"] <= done]
        with replacing(path) as part:
            part.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")

    def write(self, line: StepLine) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(line)) + "\n")

    def sync(self) -> None:
        """Everything written is on the disk when this returns."""
        with self.path.open("a", encoding="utf-8") as file:
            os.fsync(file.fileno())


def read_steps(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a steps.jsonl, up to the first that is cut short; none when there is no file."""
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8").split("\n")[:-1]:
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            break
    return lines
