"""The only two things a model is asked: to choose among answer choices, and to generate, greedily or by drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unseen.prompt.example import Example, Role

Scoring = Literal["sum", "tokens", "unconditional"]


@dataclass(frozen=True, slots=True)
class Choose:
    """Rank `example.choices` (any number, which may differ from row to row) as completions of its prompt.

    Every option is scored by its summed log-probability and its number of tokens; `scoring` says which quantity
    ranks: `sum` as T0 does, `tokens` (mean log-probability), or `unconditional` (log P(option | prompt) minus
    log P(option | "Answer:"), as GPT-3 does for ARC).
    """

    example: Example
    scoring: Scoring = "sum"


@dataclass(frozen=True, slots=True)
class Generate:
    """Continue the prompt greedily until the end token, one of `stop`, or `max_new_tokens`."""

    example: Example
    max_new_tokens: int = 128
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """Continue the prompt by drawn tokens until the end token, one of `stop`, or `max_new_tokens`.

    A token is drawn from the softmax at `temperature` (0: the most probable one), of it the most probable ones whose
    mass is `top_p`. The text depends on the model, the prompt's tokens and what stands here, `seed` included; never on
    what else is asked (to rounding). `speaker: user` continues an open user turn behind the example's turns, which may
    be none: the model writes what a user would ask (Magpie, Xu et al. 2024, 2406.08464).
    """

    example: Example
    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 512
    stop: tuple[str, ...] = ()
    seed: int = 0
    speaker: Role = "assistant"


Question = Choose | Generate | Sample


@dataclass(frozen=True, slots=True)
class Answer:
    """What a backend answered: `text` (the chosen option, or the generation), and for Choose the numbers behind it.

    `log_probs` are summed log-probabilities in nats, one an option; `lengths` their numbers of tokens;
    `unconditional` the same sums after the answer context. `chosen` is the index of `text`. `margin` is the gap
    between the best and the second-best ranking score. `cut` says that the prompt was fitted to length and
    `dropped` how many exemplars that took, `cached` that the answer came from the cache. Of a Sample, `lengths` is the
    number of tokens drawn, and `broken_off` says that `max_new_tokens` came before an end.
    """

    text: str
    chosen: int | None = None
    log_probs: tuple[float, ...] = ()
    lengths: tuple[int, ...] = ()
    unconditional: tuple[float, ...] = ()
    margin: float | None = None
    cut: bool = False
    dropped: int = 0
    cached: bool = False
    broken_off: bool = False
