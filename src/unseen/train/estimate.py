"""What a run will take, before it starts: seconds from timed micro-batches, memory from what they keep."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from unseen.encode.batch import plan_batches
from unseen.encode.encoded import Encoded
from unseen.model.adapter import trainable
from unseen.model.quiet import quiet_transformers
from unseen.model.readout import probe_examples, readout_of
from unseen.recipe import TrainSettings
from unseen.train.batch import PlainBatch, plain_batch
from unseen.train.machine import autocast_dtype, refuse_omp_dynamic
from unseen.train.mode import tuning_mode
from unseen.train.optim import optimizer_of
from unseen.train.plan import StepPlan
from unseen.train.step import TrainStep

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

PROBED_POSITIONS = 1024
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
    """A whole run: tokens of its examples, positions computed (padding included), seconds (validation included,
    evaluation not), and bytes at the peak of the largest micro-batch."""

    steps: int
    tokens: int
    positions: int
    seconds: float
    memory_bytes: int


def estimate(probe: Probe, steps: StepPlan, lengths: Sequence[int], settings: TrainSettings, held_out: int) -> Estimate:
    """The cost of `steps` over examples of `lengths` tokens, with a validation over `held_out` tokens when due."""
    sizes = [_positions(lengths, steps.step(number), settings.batch_tokens) for number in range(len(steps))]
    positions = sum(map(sum, sizes))
    validations = -(-len(steps) // settings.validate_every) if held_out else 0
    forward_only = validations * held_out / 3  # a backward pass costs two forward ones
    largest = max(map(max, sizes))
    fixed = probe.parameter_bytes + probe.gradient_bytes + probe.update_bytes + probe.kept_bytes
    return Estimate(
        steps=len(steps),
        tokens=sum(lengths[int(index)] for index in steps.draws),
        positions=positions,
        seconds=(positions + forward_only) * probe.seconds_per_position + len(steps) * probe.seconds_per_update,
        memory_bytes=int(fixed + largest * probe.kept_bytes_per_position),
    )


def _positions(lengths: Sequence[int], step: Sequence[int] | Any, batch_tokens: int) -> list[int]:
    """Rows times longest of each micro-batch of a step."""
    own = [lengths[int(index)] for index in step]
    return [len(batch) * max(own[index] for index in batch) for batch in plan_batches(own, batch_tokens)]


def probe(model: LanguageModel, examples: Sequence[Encoded], settings: TrainSettings) -> Probe:
    """Run a small and a larger micro-batch of `examples` forward and backward; no weight changes. The larger one runs
    twice, and the faster time counts: the first run warms up, and another program may be in the way.

    The model gets the adapter that tuning would give it: load it again to tune it.
    """
    refuse_omp_dynamic()
    with quiet_transformers():
        module = trainable(model.module, settings, seed=0)
    large = _as_large_as(examples, min(PROBED_POSITIONS, settings.batch_tokens))
    small = plain_batch([min(examples, key=lambda example: len(example.ids))])
    device = next(module.parameters()).device
    with tuning_mode(module, settings, device):
        readout = readout_of(module, plain_batch(probe_examples(module)))
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


def _as_large_as(examples: Sequence[Encoded], positions: int) -> PlainBatch:
    """The first examples that fill a micro-batch of so many positions, at least one."""
    longest, chosen = 0, list(examples[:1])
    for example in examples:
        longest = max(longest, len(example.ids))
        if longest * (len(chosen) + 1) > positions:
            break
        chosen.append(example)
    return plain_batch(chosen)


def _run(step: TrainStep, batch: PlainBatch) -> tuple[float, int]:
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
