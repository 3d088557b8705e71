"""Divergences by Monte Carlo, against small vocabularies whose divergence is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from unseen.encode.encoded import Encoded
from unseen.errors import DataMistake
from unseen.probe.divergence import Divergence, divergence, hypothesis, mean_of

P, G, FAR = (0.7, 0.2, 0.1), (0.4, 0.4, 0.2), (0.05, 0.05, 0.9)
PROMPT, LENGTH = 2, 3


class Fixed(torch.nn.Module):
    """A model that says each of three tokens with the same probability everywhere, whatever it reads."""

    def __init__(self, probabilities: tuple[float, ...]) -> None:
        super().__init__()
        self.logits = torch.tensor(probabilities).log()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, use_cache: bool) -> Any:
        return SimpleNamespace(logits=self.logits.expand(*input_ids.shape, 3) + 7.0)


def kl(p: tuple[float, ...], g: tuple[float, ...]) -> float:
    return float(sum(a * np.log(a / b) for a, b in zip(p, g, strict=True)))


def drawn(p: tuple[float, ...], prompts: int, each: int, seed: int = 0) -> tuple[list[Encoded], list[int]]:
    """Answers of three tokens drawn from `p`, behind prompts of two."""
    random = np.random.default_rng(seed)
    numbers = [number for number in range(prompts) for _ in range(each)]
    weights = np.array([0] * PROMPT + [1] * LENGTH, dtype=np.float32)
    answers = [np.concatenate([[0, 1], random.choice(3, LENGTH, p=p)]).astype(np.int32) for _ in numbers]
    return [Encoded(f"{i}", ids, weights, PROMPT) for i, ids in enumerate(answers)], numbers


def between(p: tuple[float, ...], g: tuple[float, ...], prompts: int = 200, each: int = 2) -> Divergence:
    return divergence(Fixed(p), Fixed(g), *drawn(p, prompts, each), batch_tokens=50)


def test_it_is_the_divergence_that_the_models_have() -> None:
    """Nothing depends on what was said before, so the next tokens' divergences are exact: three times that of one."""
    found = between(P, G)
    assert found.exact.value == pytest.approx(LENGTH * kl(P, G), rel=1e-5)
    assert found.sampled.low < LENGTH * kl(P, G) < found.sampled.high
    assert (found.exact.prompts, found.tokens) == (200, 400 * LENGTH)


def test_a_model_does_not_diverge_from_itself() -> None:
    found = between(P, P)
    assert found.exact.value == found.sampled.value == 0.0


def test_the_hypothesis_is_judged_by_its_interval() -> None:
    far = divergence(Fixed(FAR), Fixed(G), *drawn(FAR, 200, 2))
    near = between(P, G)
    assert hypothesis(far, near).verdict == "borne out"
    assert hypothesis(near, far).verdict == "contradicted"
    assert hypothesis(near, near).verdict == "not decided"
    assert hypothesis(far, near).difference.value == pytest.approx(LENGTH * (kl(FAR, G) - kl(P, G)), rel=1e-5)


def test_draws_of_a_prompt_count_as_one() -> None:
    answers, _ = drawn(P, 4, 1)
    one = divergence(Fixed(P), Fixed(G), answers, [0, 0, 5, 5])
    assert one.exact.prompts == 2 and len(one.by_prompt) == 2


def test_the_interval_of_a_mean_is_students() -> None:
    """By hand: 1, 2, 3 have a standard error of 1 / sqrt(3), and t with two degrees of freedom is 4.303."""
    found = mean_of(np.array([1.0, 2.0, 3.0]))
    assert (found.value, found.high - found.value) == (2.0, pytest.approx(4.303 / np.sqrt(3), rel=1e-3))
    assert mean_of(np.array([1.0])).high == np.inf


def test_what_cannot_be_paired_is_a_mistake() -> None:
    with pytest.raises(DataMistake, match="200 and 10 prompts cannot be paired"):
        hypothesis(between(P, G), between(P, G, prompts=10))
    with pytest.raises(DataMistake, match="2 answers for 1 prompts"):
        divergence(Fixed(P), Fixed(G), drawn(P, 2, 1)[0], [0])
