"""The optimizer and the learning rate of each step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from unseen.recipe import TrainSettings


def optimizer_of(trained: Mapping[str, torch.nn.Parameter], settings: TrainSettings) -> Any:
    """AdamW (Loshchilov and Hutter), or Adafactor (Shazeer and Stern) as torch has it: updates in proportion to a
    matrix's own size, as T5, T0 and Tk-Instruct were tuned. Only matrices decay; biases, norms and scalars do not."""
    matrices = [each for each in trained.values() if each.ndim >= 2]
    others = [each for each in trained.values() if each.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if settings.optimizer == "adafactor":
        return torch.optim.Adafactor(groups, lr=settings.learning_rate)
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=settings.betas, fused=True)


def learning_rate(settings: TrainSettings, step: int, steps: int) -> float:
    """The rate of step `step` (from 0) of `steps`: a linear warm-up, then the schedule down to 0 after the last step.

    A pure function of the step, so that a resumed run has nothing to restore.
    """
    warmup = warmup_steps(settings, steps)
    if step < warmup:
        return settings.learning_rate * (step + 1) / (warmup + 1)
    done = (step - warmup) / max(1, steps - warmup)
    if settings.schedule == "linear":
        return settings.learning_rate * (1.0 - done)
    if settings.schedule == "cosine":
        return settings.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done))
    return settings.learning_rate


def warmup_steps(settings: TrainSettings, steps: int) -> int:
    """`warmup` as steps: a share of all steps where it is below 1, never more than there are."""
    share = settings.warmup < 1
    return min(steps, math.ceil(settings.warmup * steps) if share else int(settings.warmup))


def set_learning_rate(optimizer: Any, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def clip_gradients(trained: Iterable[torch.nn.Parameter], limit: float | None) -> float:
    """The norm of all gradients together, which are scaled down to `limit` where it is larger. Sharded gradients
    are measured whole; all ranks call it."""
    parameters = [each for each in trained if each.grad is not None]
    norm = torch.nn.utils.get_total_norm([each.grad for each in parameters])
    norm = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
    if limit is not None:
        torch.nn.utils.clip_grads_with_norm_(parameters, limit, norm)
    return float(norm)


def seed_batch(seed: int, step: int, batch: int) -> None:
    """Seed torch for one micro-batch of a step. What it draws (LoRA's dropout) depends on nothing before it, so a
    resumed run needs no generator states, any single step can be done again, and it does not matter which rank runs
    the micro-batch."""
    torch.manual_seed(int(np.random.SeedSequence((seed, step, batch)).generate_state(1, np.uint64)[0]))
