"""A decoder-only model reads prompts, scores continuations of them, and continues them greedily.

Prompts stand left-padded in a batch, so that all of them end at the same place and continue without a gap; padding is
masked and positions count from each prompt's first token. A prompt is read once, and all its options (or all its
generated tokens) go on from its attention cache. The cache keeps every position, sliding windows included: the window
is in the mask. Batch composition changes results by float rounding only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from transformers import DynamicCache

from unseen.ask.batches import shared_start
from unseen.errors import ModelMistake
from unseen.model.backbone import base_of

Ids = Sequence[int]
WINDOW = "DynamicSlidingWindowLayer"


class Answers(Protocol):
    """Prompts that were read, and answers to them that have begun.

    `next_logits` float32 [prompts, vocabulary] are those after what was said.
    """

    @property
    def next_logits(self) -> torch.Tensor: ...

    def select(self, rows: torch.Tensor) -> Answers:
        """The answers at `rows` [n]."""
        ...

    def step(self, module: Any, tokens: Ids) -> Answers:
        """The answers, each one token longer."""
        ...


@dataclass(frozen=True, slots=True)
class Prompts:
    """Prompts that were read.

    `mask` [prompts, longest], 0 is padding; `next_logits` float32 [prompts, vocabulary], after each prompt.
    """

    cache: Any
    mask: torch.Tensor
    next_logits: torch.Tensor

    def select(self, rows: torch.Tensor) -> Prompts:
        """The prompts at `rows` [n], any of them any number of times, with a cache of their own."""
        cache = DynamicCache()
        for number, layer in enumerate(self.cache.layers):
            cache.update(layer.keys[rows], layer.values[rows], number)
        return Prompts(cache, self.mask[rows], self.next_logits[rows])

    def step(self, module: Any, tokens: Ids) -> Prompts:
        """The prompts, one token longer."""
        mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], dim=-1)
        ids = torch.tensor(tokens, device=mask.device)[:, None]
        positions = mask.sum(-1, keepdim=True) - 1
        logits = _logits(module, ids, mask, positions, self.cache, last=1)
        return Prompts(self.cache, mask, logits[:, -1].float())


def check_causal(module: Any) -> None:
    """Refuse a model that keeps something else than an attention cache: padding would leak into its state."""
    other = _layer_kinds(module) - {"DynamicLayer", WINDOW}
    if other:
        raise ModelMistake(
            type(base_of(module)).__name__,
            "keeps a recurrent state, which cannot be asked yet",
            "choose an attention model",
        )


def read_prompts(module: Any, prompts: Sequence[Ids]) -> Prompts:
    """Run every prompt (each with at least one token) once, and what all of them begin with once for all."""
    shared = 0 if _has_window(module) else shared_start(prompts)
    cache = _start(module, prompts[0][:shared], len(prompts)) if shared else DynamicCache()
    longest = max(map(len, prompts)) - shared
    rests = [list(prompt[shared:]) for prompt in prompts]
    ids = torch.tensor([[0] * (longest - len(rest)) + rest for rest in rests], device=module.device)
    mask = torch.tensor(
        [[1] * shared + [0] * (longest - len(rest)) + [1] * len(rest) for rest in rests], device=module.device
    )
    positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, shared:]
    logits = _logits(module, ids, mask, positions, cache, last=1)
    return Prompts(cache, mask, logits[:, -1].float())


def _has_window(module: Any) -> bool:
    """Whether a layer looks back over a window, which counts the padding behind a shared start as distance."""
    return WINDOW in _layer_kinds(module)


def _layer_kinds(module: Any) -> set[str]:
    """Names of the kinds of cache that the model's layers keep."""
    return {type(layer).__name__ for layer in DynamicCache(config=base_of(module).config).layers}


def _start(module: Any, start: Ids, rows: int) -> DynamicCache:
    """The cache of one reading of `start`, for every one of so many rows."""
    once = DynamicCache()
    ids = torch.tensor([list(start)], device=module.device)
    positions = torch.arange(len(start), device=module.device)[None]
    _logits(module, ids, torch.ones_like(ids), positions, once, last=1)
    cache = DynamicCache()
    for number, layer in enumerate(once.layers):
        cache.update(layer.keys.expand(rows, -1, -1, -1), layer.values.expand(rows, -1, -1, -1), number)
    return cache


def continuation_log_probs(module: Any, prompts: Prompts, rows: Ids, options: Sequence[Ids]) -> list[float]:
    """Summed log-probability, in nats, of each option (of at least one token) after the prompt at its place in `rows`.

    The log-softmax is taken in float32, and only where an option's token is predicted.
    """
    where = torch.tensor(rows, device=prompts.mask.device)
    first = torch.tensor([option[0] for option in options], device=where.device)
    totals = _token_log_probs(prompts.next_logits[where], first).double()
    long = [number for number, option in enumerate(options) if len(option) > 1]
    if long:
        later = _later_log_probs(module, prompts.select(where[long]), [options[number] for number in long])
        totals[long] += later
    return [float(total) for total in totals]


def greedy(
    module: Any, state: Answers, most: int, end: frozenset[int], finished: Callable[[list[int]], bool]
) -> list[list[int]]:
    """The most probable continuation of each prompt of `state`, token by token.

    A row stops before an end token, once `finished` holds of its tokens, or after `most` tokens; rows that have
    stopped leave the batch.
    """
    said: list[list[int]] = [[] for _ in state.next_logits]
    running = list(range(len(said)))
    for _ in range(most):
        best = state.next_logits.argmax(-1).tolist()
        going = []
        for place, (row, token) in enumerate(zip(running, best, strict=True)):
            if token in end:
                continue
            said[row].append(token)
            if len(said[row]) < most and not finished(said[row]):
                going.append(place)
        if not going:
            break
        if len(going) < len(running):
            running = [running[place] for place in going]
            state = state.select(torch.tensor(going, device=state.next_logits.device))
        state = state.step(module, [said[row][-1] for row in running])
    return said


def _later_log_probs(module: Any, prompts: Prompts, options: list[Ids]) -> torch.Tensor:
    """float64 [options]: log-probabilities of every token of an option but the first, summed."""
    most = max(map(len, options)) - 1
    device = prompts.mask.device
    padded = torch.tensor([[*option, *[0] * (most + 1 - len(option))] for option in options], device=device)
    real = torch.tensor([[place < len(option) - 1 for place in range(most)] for option in options], device=device)
    mask = torch.cat([prompts.mask, real.to(prompts.mask.dtype)], dim=-1)
    positions = prompts.mask.sum(-1, keepdim=True) + torch.arange(most, device=device)
    logits = _logits(module, padded[:, :-1], mask, positions, prompts.cache, last=most)
    scores = torch.zeros(real.shape, dtype=torch.float64, device=device)
    scores[real] = _token_log_probs(logits[real].float(), padded[:, 1:][real]).double()
    return scores.sum(-1)


def _token_log_probs(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """log-softmax of float32 logits [n, vocabulary] at tokens [n]."""
    return logits.gather(-1, tokens[:, None])[:, 0] - logits.logsumexp(-1)


def _logits(
    module: Any, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, cache: Any, last: int
) -> torch.Tensor:
    """Logits [rows, last, vocabulary] of the last positions; `cache` grows by `ids`."""
    known = inspect.signature(base_of(module).forward).parameters
    # Models without position_ids (ALiBi) take positions from the mask; a few older ones always give all logits.
    extra = {"position_ids": positions, "logits_to_keep": last}
    extra = {name: value for name, value in extra.items() if name in known}
    output = module(input_ids=ids, attention_mask=mask, past_key_values=cache, use_cache=True, **extra)
    return output.logits[:, -last:]
