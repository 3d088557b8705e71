"""One step of a run, and its validation: micro-batches, one division by the step's weight, one update."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from unseen.encode.encoded import Encoded
from unseen.errors import NonFiniteLoss
from unseen.recipe import TrainSettings
from unseen.train.batch import Batch, Deal
from unseen.train.checkpoint import Checkpoints
from unseen.train.noise import with_noise
from unseen.train.optim import clip_gradients, learning_rate, seed_batch, set_learning_rate
from unseen.train.plan import StepPlan, supervised_weight
from unseen.train.spread import Spread
from unseen.train.steplog import StepLine

NAMED = 8  # examples that a message names before it counts the rest


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What every step of one run needs. `step` is the wrapped `TrainStep`, the only thing that is ever called."""

    spread: Spread
    step: Any
    optimizer: Any
    trained: Mapping[str, torch.nn.Parameter]
    plan: StepPlan
    examples: Sequence[Encoded]
    validation: Sequence[Encoded]
    settings: TrainSettings
    deal: Deal
    seed: int
    checkpoints: Checkpoints


def take_step(run: Run, number: int) -> StepLine:
    """Do optimizer step `number`, counted from 0. Raises `NonFiniteLoss` before anything is changed."""
    began = time.perf_counter()
    examples = [run.examples[int(index)] for index in run.plan.step(number)]
    batches = with_noise(run.deal(examples), run.settings, run.seed, number)
    rate = learning_rate(run.settings, number, len(run.plan))
    set_learning_rate(run.optimizer, rate)
    weight = float(run.plan.weights[number])
    losses = _accumulate(run, number, batches, weight)
    norm = clip_gradients(run.trained.values(), run.settings.clip)
    loss = math.fsum(losses) / weight
    if not (math.isfinite(loss) and math.isfinite(norm)):
        raise _not_finite(run, number, examples, has_loss=math.isfinite(loss))
    run.optimizer.step()
    run.optimizer.zero_grad(set_to_none=True)
    return StepLine(
        step=number + 1,
        loss=loss,
        learning_rate=rate,
        grad_norm=norm,
        supervised_tokens=sum(example.supervised for example in examples),
        tokens=sum(batch.tokens for batch in batches),
        tokens_read=sum(batch.read for batch in batches),
        nodes=sum(batch.nodes for batch in batches),
        positions=sum(batch.computed for batch in batches),
        seconds=round(time.perf_counter() - began, 4),
        epoch=run.plan.epoch(number),
    )


def validation_loss(run: Run) -> float:
    """Loss per unit of supervised weight over all validation examples."""
    weight = math.fsum(map(supervised_weight, run.validation))
    run.step.eval()
    with torch.no_grad(), run.spread.together(run.step, last=False):  # ranks may have unequally many
        losses = [float(run.step(batch)) for _, batch in _own_share(run, run.deal(run.validation))]
    run.step.train()
    return math.fsum(_of_all_ranks(run, losses)) / weight


def _accumulate(run: Run, number: int, batches: Sequence[Batch], weight: float) -> list[float]:
    """Gradients of the loss of step `number`, and the summed loss of each micro-batch over all ranks.

    Gradients are averaged over ranks, so each rank's share is multiplied by their number.
    """
    share = _own_share(run, batches)
    losses = []
    for position, (index, batch) in enumerate(share):
        seed_batch(run.seed, number, index)
        with run.spread.together(run.step, last=position == len(share) - 1):
            loss = run.step(batch)
            # Not accelerate's: it divides by ACCELERATE_GRADIENT_ACCUMULATION_STEPS, whoever set that.
            (loss * (run.spread.ranks.count / weight)).backward()
        losses.append(loss.detach())
    return _of_all_ranks(run, [float(loss) for loss in losses])


def _own_share(run: Run, batches: Sequence[Batch]) -> list[tuple[int, Batch]]:
    """This rank's micro-batches, by their index in the step, dealt by the positions that they compute; where it must
    run more than it has, the cheapest of the step stand in, silent."""
    costs = [batch.computed for batch in batches]
    shares = run.spread.shares(costs)
    own = [(index, batches[index]) for index in shares[run.spread.ranks.rank]]
    cheapest = costs.index(min(costs))
    silent = [(cheapest, batches[cheapest].silent())] * (run.spread.rounds(shares) - len(own))
    return [(index, batch.to(run.spread.accelerator.device)) for index, batch in [*own, *silent]]


def _of_all_ranks(run: Run, losses: Sequence[float]) -> list[float]:
    """The losses of every rank's micro-batches."""
    return [loss for part in run.spread.ranks.gathered(list(losses)) for loss in part]


def _not_finite(run: Run, number: int, examples: Sequence[Encoded], has_loss: bool) -> NonFiniteLoss:
    """Names the step, the examples at fault (all of them where it is not one alone), and the checkpoint to go back
    to. Each example is run by itself, on every rank alike."""
    alone = [] if has_loss else [example.id for example in examples if not _has_loss(run, example)]
    ids = alone or [example.id for example in examples]
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    last = run.checkpoints.last()
    where = f"last good checkpoint: {last}" if last else "no checkpoint was written yet"
    what = "gradient" if has_loss else "loss"
    return NonFiniteLoss(
        f"step {number + 1}: the {what} is not a number; examples: {', '.join(ids[:NAMED])}{more}; {where}"
    )


def _has_loss(run: Run, example: Encoded) -> bool:
    with torch.no_grad():
        return all(bool(run.step(batch.to(run.spread.accelerator.device)).isfinite()) for batch in run.deal([example]))
