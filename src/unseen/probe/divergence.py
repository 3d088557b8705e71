"""How far one model's answers are from another's: D(p || g), the Kullback-Leibler divergence of answers to prompts.

DELIA's hypothesis is D(p'_d || p_g) > D(p_d || p_g): a model tuned on one wording is farther from the general model
than one that has the task as such, which a model tuned on many wordings stands in for. It is tested here, not assumed.

An answer y is drawn from p for every prompt x. Two unbiased estimates of D for a prompt follow from the same draws:
log p(y|x) - log g(y|x), and the sum along y of the exact divergence of the next token, which is the first one's
expectation given the tokens before, and so varies less (Rao and Blackwell). Both are in nats an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from unseen.encode.batch import pad, plan_batches
from unseen.encode.encoded import Encoded
from unseen.errors import DataMistake
from unseen.evaluation.intervals import student

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over prompts, its 95 % interval by Student's t, and how many prompts."""

    value: float
    low: float
    high: float
    prompts: int


@dataclass(frozen=True, slots=True, eq=False)
class Divergence:
    """D(p || g) in nats an answer. `exact` is the mean of the next tokens' divergences along the draws, `sampled` that
    of the draws' log-ratios; `by_prompt` the first, one for each prompt, several draws of one prompt averaged."""

    exact: Mean
    sampled: Mean
    by_prompt: Floats
    tokens: int


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """D(narrow || general) - D(broad || general), paired by prompt. It is borne out where the interval lies above 0."""

    difference: Mean

    @property
    def verdict(self) -> str:
        if self.difference.low > 0:
            return "borne out"
        return "contradicted" if self.difference.high < 0 else "not decided"


def divergence(
    p: Any, g: Any, drawn: Sequence[Encoded], prompts: Sequence[int], batch_tokens: int = 4096
) -> Divergence:
    """D(p || g) from answers `drawn` from `p`: prompt and answer, weight 1 on the answer's tokens, its end token too.

    `prompts` says which prompt each was drawn for. `p` and `g` are modules with one vocabulary.
    """
    values = dict(compared(p, g, drawn, batch_tokens))
    return estimated([values[place] for place in range(len(drawn))], drawn, prompts)


def compared(
    p: Any, g: Any, drawn: Sequence[Encoded], batch_tokens: int = 4096
) -> Iterator[tuple[int, tuple[float, float]]]:
    """The place of each answer with its two estimates in nats, the exact and the sampled one, a batch at a time."""
    for group in plan_batches([len(each.ids) for each in drawn], batch_tokens):
        with torch.no_grad():
            along, ratios = _compared(p, g, [drawn[index] for index in group])
        yield from zip(group, zip(along.tolist(), ratios.tolist(), strict=True), strict=True)


def estimated(values: Sequence[tuple[float, float]], drawn: Sequence[Encoded], prompts: Sequence[int]) -> Divergence:
    """The divergence, from what `compared` gave of each answer."""
    if len(drawn) != len(prompts) or not drawn:
        raise DataMistake("divergence", f"{len(drawn)} answers for {len(prompts)} prompts", "give one prompt for each")
    exact, sampled = np.array(values, dtype=np.float64).T
    by_prompt = _averaged(exact, prompts)
    tokens = sum(each.supervised for each in drawn)
    return Divergence(mean_of(by_prompt), mean_of(_averaged(sampled, prompts)), by_prompt, tokens)


def hypothesis(narrow: Divergence, broad: Divergence) -> Hypothesis:
    """The two divergences from one general model, over the same prompts in the same order."""
    if len(narrow.by_prompt) != len(broad.by_prompt):
        what = f"{len(narrow.by_prompt)} and {len(broad.by_prompt)} prompts cannot be paired"
        raise DataMistake("divergence", what, "ask both models the same prompts")
    return Hypothesis(mean_of(narrow.by_prompt - broad.by_prompt))


def _compared(p: Any, g: Any, batch: Sequence[Encoded]) -> tuple[torch.Tensor, torch.Tensor]:
    """Of each answer: the summed divergence of its next tokens, and the log-ratio of its own; float32 [answers]."""
    padded = pad(batch)
    ids = torch.from_numpy(padded.ids.astype(np.int64))
    mask = torch.from_numpy(padded.mask.astype(np.int64))
    asked = torch.from_numpy(padded.weights[:, 1:] > 0)
    rows = asked.nonzero()[:, 0]
    ours, theirs = (_log_probs(module, ids, mask, asked) for module in (p, g))
    next_token = (ours.exp() * (ours - theirs)).sum(-1)
    said = ids[:, 1:][asked][:, None]
    ratio = (ours.gather(1, said) - theirs.gather(1, said))[:, 0]
    nothing = torch.zeros(len(batch))
    return nothing.index_add(0, rows, next_token), nothing.index_add(0, rows, ratio)


def _log_probs(module: Any, ids: torch.Tensor, mask: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
    """float32 [asked, vocabulary]."""
    logits = module(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
    return logits[asked].float().log_softmax(-1)


def _averaged(values: Floats, prompts: Sequence[int]) -> Floats:
    """One mean for each prompt, in the order of their numbers."""
    _, place, counts = np.unique(np.asarray(prompts), return_inverse=True, return_counts=True)
    found: Floats = np.bincount(place, weights=values) / counts
    return found


def mean_of(values: Floats) -> Mean:
    """With one prompt there is no interval: it is as wide as numbers are."""
    count, value = len(values), float(values.mean())
    if count < 2:
        return Mean(value, -np.inf, np.inf, count)
    reach = student(count - 1) * float(values.std(ddof=1)) / sqrt(count)
    return Mean(value, value - reach, value + reach, count)
