"""The only two things a model is asked: to choose among answer choices, and to generate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unseen.prompt.example import Example

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


Question = Choose | Generate


@dataclass(frozen=True, slots=True)
class Answer:
    """What a backend answered: `text` (the chosen option, or the generation), and for Choose the numbers behind it.

    `log_probs` are summed log-probabilities in nats, one an option; `lengths` their numbers of tokens;
    `unconditional` the same sums after the answer context. `chosen` is the index of `text`. `margin` is the gap
    between the best and the second-best ranking score. `cut` says that the prompt was fitted to length and
    `dropped` how many exemplars that took, `cached` that the answer came from the cache.
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
