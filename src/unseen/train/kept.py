"""What a run keeps of a few steps, so that a reader can do them again: the state before, and what came of it.

`replay/step-000005` holds the trained parameters and the optimizer's state before step 5 as a checkpoint does, with the
examples and micro-batches of the step in `state.json`. `after.json` is written the moment that the step is done, before
any checkpoint counts on it: a killed run either has it, or does the step again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unseen.encode.encoded import Encoded
from unseen.task.seeds import generator
from unseen.train.batch import Batch
from unseen.train.checkpoint import STATE, Checkpoints, Position
from unseen.train.fsdp import whole
from unseen.train.machine import machine
from unseen.train.run import Run
from unseen.train.steplog import StepLine
from unseen.wholefile import replacing

FOLDER, AFTER = "replay", "after.json"
DRAWN = 2
SAMPLED = 8  # values of each tensor that stand for it where the digest cannot be equal


def drawn_steps(digest: str, steps: int) -> frozenset[int]:
    """Two different steps of `steps`, counted from 0, that the digest (hex) of the examples draws; the one where there
    is one."""
    draw = generator(int(digest[:16], 16), "replayed steps", steps)
    return frozenset(draw.choice(steps, size=min(DRAWN, steps), replace=False).tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Keeping:
    """Keeps what belongs to the steps in `numbers` (from 0) under `folder`; all ranks call it."""

    folder: Path
    numbers: frozenset[int]

    def before(self, run: Run, position: Position, number: int) -> None:
        """Write the state that step `number` starts from."""
        if number in self.numbers:
            checkpoints = Checkpoints(self.folder, run.checkpoints.identity, run.spread.ranks, run.spread.write)
            checkpoints.write_state(self._of(number), position, run.trained, run.optimizer, facts_of(run, number))

    def after(self, run: Run, number: int, line: StepLine) -> None:
        """Write what came of step `number`, which is done."""
        if number in self.numbers:
            said = {**outcome_of(run), "loss": line.loss, "grad_norm": line.grad_norm, "step": line.step}
            if run.spread.ranks.leads:
                _write_json(self._of(number) / AFTER, said)
            run.spread.ranks.wait()

    def _of(self, number: int) -> Path:
        return self.folder / f"step-{number + 1:06d}"


def facts_of(run: Run, number: int) -> dict[str, Any]:
    """The examples and micro-batches of a step, and on what it is computed."""
    examples = [run.examples[int(index)] for index in run.plan.step(number)]
    settings = run.settings
    return {
        "step": number + 1,
        "examples": [{"id": each.id, "digest": example_digest(each)} for each in examples],
        "micro_batches": [batch_facts(batch) for batch in run.deal(examples)],
        "batch_tokens": settings.batch_tokens,
        "batches": settings.batches,
        "sharding": settings.sharding,
        "processes": run.spread.ranks.count,
        "machine": asdict(machine(run.spread.accelerator.device, settings.precision)),
    }


def example_digest(example: Encoded) -> str:
    """SHA-256 of an example's tokens and loss weights."""
    content = hashlib.sha256()
    for field in fields(example):
        value = getattr(example, field.name)
        if field.name not in ("id", "cuts"):
            content.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return content.hexdigest()


def validation_digest(examples: Sequence[Encoded]) -> str:
    """SHA-256 of validation examples, in their order."""
    return hashlib.sha256("".join(map(example_digest, examples)).encode()).hexdigest()


def batch_facts(batch: Batch) -> dict[str, Any]:
    numbers = {"tokens": batch.tokens, "read": batch.read, "nodes": batch.nodes, "positions": batch.computed}
    return {**numbers, "examples": list(batch.ids), "weight": float(batch.weights.double().sum())}


def outcome_of(run: Run) -> dict[str, Any]:
    """A digest of all trained parameters, bit by bit, and of each tensor its norm and a few of its values; sharded ones
    are gathered one by one, which is a collective."""
    digest, tensors = hashlib.sha256(), {}
    for name in sorted(run.trained):
        values = whole(run.trained[name]).detach().float().cpu().contiguous().flatten()
        digest.update(f"{name} {len(values)}\n".encode())
        digest.update(values.numpy())
        tensors[name] = _sketch(name, values)
    return {"digest": digest.hexdigest(), "tensors": tensors}


def _sketch(name: str, values: torch.Tensor) -> dict[str, Any]:
    places = generator(0, "sampled values", name).integers(0, len(values), SAMPLED)
    return {"norm": float(values.double().norm()), "values": values[torch.from_numpy(places)].tolist()}


def kept_in(folder: Path) -> list[Path]:
    """The folders of the steps that a run kept, in the order of the steps."""
    return sorted(path for path in folder.glob("step-*") if (path / STATE).is_file() and (path / AFTER).is_file())


def read_kept(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """state.json and after.json of a kept step."""
    state, after = (json.loads((folder / name).read_text(encoding="utf-8")) for name in (STATE, AFTER))
    return state, after


def kept_bytes(parameters: int, state: int) -> int:
    """Disk that the kept steps take: `parameters` and the optimizer's `state`, in bytes, of each."""
    return DRAWN * (parameters + state)


def _write_json(path: Path, value: Mapping[str, Any] | Sequence[Any]) -> None:
    with replacing(path) as part, part.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
