"""Our side of the benchmarks of tuning: a step as `unseen tune` does it, without log and checkpoint. See steps.py."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM
from worker import Stopwatch, answer, answers, job, lora, rows, wait_for_step

from unseen.encode.encoded import Encoded
from unseen.model.readout import probe_examples, readout_of
from unseen.recipe import TrainSettings
from unseen.train.dealing import dealing_of
from unseen.train.mode import tuning_mode
from unseen.train.optim import clip_gradients, optimizer_of
from unseen.train.step import TrainStep


def main(job: dict[str, Any]) -> None:
    out = answers()
    torch.set_num_threads(job["threads"])
    made = steps(job)
    while wait_for_step():
        answer(out, job["device"], **next(made))


def steps(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Optimizer steps of the same rows, one after the other: seconds, loss, tokens and nodes of each."""
    device = torch.device(job["device"])
    model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32).to(device)
    settings = TrainSettings(method=job["method"], learning_rate=job["learning_rate"], **job["setting"])
    module = lora(model, job["rank"]) if job["method"] == "lora" else model
    described: Any = SimpleNamespace(kind="decoder", name="model", module=module)
    dealing = dealing_of(described, settings, device)
    deal, examples = dealing.deal, [_example(row) for row in rows(job)]
    with tuning_mode(module, settings, device), dealing.running(module):
        readout = readout_of(module, deal(probe_examples(module))[0])
        step = TrainStep(module, readout, torch.bfloat16 if job["precision"] == "bfloat16" else None)
        optimizer = optimizer_of(step.trained(), settings)
        while True:
            watch = Stopwatch(job["device"])
            batches = [batch.to(device) for batch in deal(examples)]
            loss = _one(step, optimizer, batches, settings)
            spent = watch.read()
            counts = {name: sum(getattr(each, name) for each in batches) for name in ("tokens", "nodes")}
            yield {**spent, "loss": loss, **counts}


def _one(step: TrainStep, optimizer: Any, batches: list[Any], settings: TrainSettings) -> float:
    weight = sum(float(batch.weights.sum()) for batch in batches)
    losses = []
    for batch in batches:
        loss = step(batch) / weight
        loss.backward()
        losses.append(loss.detach())
    clip_gradients(step.trained().values(), settings.clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(torch.stack(losses).sum())


def _example(row: dict[str, list[int]]) -> Encoded:
    weights = (np.array(row["labels"]) != -100).astype(np.float32)
    return Encoded("row", np.array(row["input_ids"], dtype=np.int32), weights, int(np.argmax(weights > 0)))


if __name__ == "__main__":
    main(job())
