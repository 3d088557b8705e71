"""From log-probabilities of the options to an answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from unseen.ask.question import Answer, Choose, Scoring
from unseen.encode.format import Kind
from unseen.errors import DataMistake, JobFailed
from unseen.prompt.example import Example, Segment


def ranking_scores(answer: Answer, scoring: Scoring) -> tuple[float, ...]:
    """What ranks the options, in nats: the larger, the better.

    `sum` is T0's (Sanh et al. 2022: summed log-probability, no length normalisation), `tokens` GPT-3's mean over an
    option's tokens, `unconditional` GPT-3's log P(option | prompt) - log P(option | answer context), Brown et al. 2020.
    """
    if scoring == "tokens":
        return tuple(total / length for total, length in zip(answer.log_probs, answer.lengths, strict=True))
    if scoring == "unconditional":
        return tuple(given - free for given, free in zip(answer.log_probs, answer.unconditional, strict=True))
    return answer.log_probs


def chosen_answer(
    question: Choose,
    log_probs: Sequence[float],
    lengths: Sequence[int],
    unconditional: Sequence[float] = (),
    *,
    cut: bool = False,
    dropped: int = 0,
) -> Answer:
    """The answer that ranks highest; of equals the first. `margin` is its lead over the second, None if alone."""
    choices = question.example.choices or ()
    answer = Answer("", None, tuple(log_probs), tuple(lengths), tuple(unconditional), cut=cut, dropped=dropped)
    scores = ranking_scores(answer, question.scoring)
    if any(math.isnan(score) for score in scores):
        raise JobFailed(f"{question.example.id}: the model's log-probabilities are not numbers")
    order = sorted(range(len(scores)), key=lambda option: -scores[option])
    margin = scores[order[0]] - scores[order[1]] if len(order) > 1 else None
    return replace(answer, text=choices[order[0]], chosen=order[0], margin=margin)


def check_options(example: Example, lengths: Sequence[int]) -> None:
    """Every option must have a token: an empty one would have probability 1 and always win."""
    if not lengths:
        raise DataMistake(example.id, "has no answer choices", "give the template 'answer_choices', or generate")
    empty = [option for option, length in enumerate(lengths) if length == 0]
    if empty:
        raise DataMistake(example.id, f"answer choice {empty[0] + 1} is empty", "give every choice some text")


def check_prompt(example: Example, length: int) -> None:
    """A decoder needs a token to go on from, an encoder one to read."""
    if length == 0:
        raise DataMistake(example.id, "has a prompt without a token", "give the template some text of its own")


def answer_context(example: Example, kind: Kind) -> Example:
    """A prompt without a question, after which the options' unconditional probabilities are taken: GPT-3's, or, for an
    encoder-decoder, whose decoder needs nothing to go on from, an empty source."""
    return replace(example, segments=(Segment("user", "" if kind == "pair" else "Answer:"),))
