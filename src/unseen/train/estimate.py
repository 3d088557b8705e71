"""What a run will take, before it starts: seconds from timed micro-batches, memory from what they keep."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from unseen.encode.encoded import Encoded
from unseen.model.adapter import new_ids, trainable
from unseen.model.quiet import quiet_transformers
from unseen.model.readout import probe_examples, readout_of
from unseen.recipe import TrainSettings
from unseen.train.batch import Batch, Deal
from unseen.train.dealing import Dealing
from unseen.train.machine import autocast_dtype, refuse_omp_dynamic
from unseen.train.mode import tuning_mode
from unseen.train.optim import optimizer_of
from unseen.train.plan import StepPlan
from unseen.train.step import TrainStep

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

PROBED_POSITIONS = 1024
DEALT_STEPS = 256  # a longer run is judged by so many of its steps
PROBED_PARAMETERS = 2**22


@dataclass(frozen=True, slots=True)
class Probe:
    """Measured on this machine. `seconds_per_position`: forward and backward; `seconds_per_update`: one optimizer
    step; activations kept for the backward pass take `kept_bytes` + positions of the micro-batch times
    `kept_bytes_per_position`; `update_bytes` is the optimizer's state."""

    seconds_per_position: float
    seconds_per_update: float
    kept_bytes: float
    kept_bytes_per_position: float
    parameter_bytes: int
    gradient_bytes: int
    update_bytes: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A whole run: tokens of its examples, what of them a model must read, how many of those are left when shared
    prefixes stand once, positions computed (padding included), seconds (validation included, evaluation not), and
    bytes at the peak of the largest micro-batch."""

    steps: int
    tokens: int
    read: int
    nodes: int
    positions: int
    seconds: float
    memory_bytes: int


def estimate(
    probe: Probe, steps: StepPlan, examples: Sequence[Encoded], deal: Deal, settings: TrainSettings, held_out: int
) -> Estimate:
    """The cost of `steps` over `examples`, with a validation over `held_out` tokens when due.

    Of a run of more than `DEALT_STEPS` steps, so many, evenly spread, are dealt and stand for all.
    """
    dealt = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), DEALT_STEPS)).astype(np.int64))
    batches = [batch for number in dealt for batch in deal([examples[int(index)] for index in steps.step(int(number))])]
    scale = len(steps) / len(dealt)
    tokens, read, nodes, positions = (
        round(scale * sum(getattr(batch, name) for batch in batches))
        for name in ("tokens", "read", "nodes", "computed")
    )
    validations = -(-len(steps) // settings.validate_every) if held_out else 0
    forward_only = validations * held_out / 3  # a backward pass costs two forward ones
    largest = max(batch.computed for batch in batches)
    fixed = probe.parameter_bytes + probe.gradient_bytes + probe.update_bytes + probe.kept_bytes
    return Estimate(
        steps=len(steps),
        tokens=tokens,
        read=read,
        nodes=nodes,
        positions=positions,
        seconds=(positions + forward_only) * probe.seconds_per_position + len(steps) * probe.seconds_per_update,
        memory_bytes=int(fixed + largest * probe.kept_bytes_per_position),
    )


def probe(model: LanguageModel, examples: Sequence[Encoded], dealing: Dealing, settings: TrainSettings) -> Probe:
    """Run a small and a larger micro-batch of `examples` forward and backward; no weight changes. The larger one runs
    twice, and the faster time counts: the first run warms up, and another program may be in the way.

    The model gets the adapter that tuning would give it: load it again to tune it.
    """
    refuse_omp_dynamic()
    with quiet_transformers():
        module = trainable(model.module, settings, 0, new_ids(model))
    large = _about(PROBED_POSITIONS, examples, dealing.deal)
    small = dealing.deal([min(examples, key=lambda example: len(example.ids))])[0]
    device = next(module.parameters()).device
    with tuning_mode(module, settings, device), dealing.running(module):
        readout = readout_of(module, dealing.deal(probe_examples(module))[0])
        step = TrainStep(module, readout, autocast_dtype(settings.precision, device))
        runs = [_run(step, batch.to(device)) for batch in (small, large, large)]
        step.zero_grad(set_to_none=True)
        seconds_per_update, state_bytes = _update(step, settings)
    kept = [bytes_kept for _, bytes_kept in runs]
    grown = large.computed - small.computed
    each = (kept[1] - kept[0]) / grown if grown else kept[1] / large.computed
    return Probe(
        seconds_per_position=min(seconds for seconds, _ in runs[1:]) / large.computed,
        seconds_per_update=seconds_per_update,
        kept_bytes=max(0.0, kept[0] - each * small.computed),
        kept_bytes_per_position=each,
        parameter_bytes=sum(_bytes(parameter) for parameter in step.parameters()),
        gradient_bytes=sum(_bytes(parameter) for parameter in step.trained().values()),
        update_bytes=state_bytes,
    )


def _about(positions: int, examples: Sequence[Encoded], deal: Deal) -> Batch:
    """The largest micro-batch of as many examples as compute no more than so many positions, or of one."""
    count = len(examples)
    while count > 1 and sum(batch.computed for batch in deal(examples[:count])) > positions:
        count //= 2
    return max(deal(examples[:count]), key=lambda batch: batch.computed)


def _run(step: TrainStep, batch: Batch) -> tuple[float, int]:
    """Seconds of forward and backward, and bytes that the forward kept for the backward."""
    began = time.perf_counter()
    with _kept(step) as sizes:
        loss = step(batch)
    loss.backward()
    if loss.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - began, sum(sizes.values())


@contextmanager
def _kept(step: TrainStep) -> Iterator[dict[int, int]]:
    """Bytes of every storage that autograd keeps inside, by its address; parameters, which lie there anyway, not."""
    own = {parameter.untyped_storage().data_ptr() for parameter in step.parameters()}
    sizes: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield sizes


def _update(step: TrainStep, settings: TrainSettings) -> tuple[float, int]:
    """Seconds of one optimizer step over all trained parameters, and bytes of its state, from a part of them."""
    trained = list(step.trained().values())
    part: list[torch.nn.Parameter] = []
    while trained and (not part or sum(each.numel() for each in part) < PROBED_PARAMETERS):
        part.append(torch.nn.Parameter(torch.zeros_like(trained.pop())))
    optimizer = optimizer_of({str(index): each for index, each in enumerate(part)}, settings)
    for each in part:
        each.grad = torch.ones_like(each)
    optimizer.step()
    began = time.perf_counter()
    optimizer.step()
    seconds = time.perf_counter() - began
    share = sum(each.numel() for each in step.trained().values()) / sum(each.numel() for each in part)
    state = sum(_bytes(value) for values in optimizer.state.values() for value in values.values())
    return seconds * share, int(state * share)


def _bytes(tensor: torch.Tensor) -> int:
    return int(tensor.numel() * tensor.element_size())
