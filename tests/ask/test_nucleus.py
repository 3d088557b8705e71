"""Laws of drawing: the nucleus is the smallest set that holds top_p, and draws follow the softmax."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unseen.ask import sampling
from unseen.ask.nucleus import nucleus_size, place_drawn, probabilities_of
from unseen.ask.sampling import token_of
from unseen.errors import JobFailed
from unseen.task.seeds import generator

LOGITS = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=40)


def test_a_nucleus_worked_by_hand() -> None:
    halves = np.array([0.5, 0.25, 0.125, 0.125])
    assert [nucleus_size(halves, top_p) for top_p in (1e-9, 0.5, 0.51, 0.75, 0.8, 1.0)] == [1, 1, 2, 2, 3, 4]
    assert nucleus_size(halves[:2], 0.8) is None
    assert [place_drawn(halves, uniform) for uniform in (0.0, 0.49, 0.5, 0.74, 0.75, 0.99)] == [0, 0, 1, 1, 2, 3]
    assert [place_drawn(halves[:2], uniform) for uniform in (0.6, 0.67)] == [0, 1], "the nucleus is renormalised"
    assert place_drawn(np.array([0.7, 0.3, 0.0]), np.nextafter(1.0, 0.0)) == 1


@given(logits=LOGITS, temperature=st.floats(0.05, 5), top_p=st.floats(0.01, 1), seed=st.integers(0, 2**63))
def test_what_is_drawn_lies_in_the_smallest_set_that_holds_top_p(
    logits: list[float], temperature: float, top_p: float, seed: int
) -> None:
    token = token_of(torch.tensor(logits), temperature, top_p, generator(seed, "sample"))
    probabilities = probabilities_of(torch.tensor(logits).double().numpy(), temperature)
    more_probable = probabilities[probabilities > probabilities[token]].sum()
    assert probabilities[token] > 0 and more_probable < top_p + 1e-12


@given(logits=LOGITS, temperature=st.floats(0.05, 5), top_p=st.floats(0.01, 0.999), seed=st.integers(0, 99))
def test_looking_at_the_first_tokens_only_draws_the_same(
    logits: list[float], temperature: float, top_p: float, seed: int
) -> None:
    spread = torch.tensor(logits) + torch.arange(len(logits)) * 1e-3  # whose order is the same wherever it is made
    found = set()
    with pytest.MonkeyPatch.context() as patch:
        for first in (1, 3, 256):
            patch.setattr(sampling, "FIRST", first)
            found.add(token_of(spread, temperature, top_p, generator(seed, "sample")))
    assert len(found) == 1


def test_shares_of_draws_are_the_probabilities() -> None:
    logits = torch.tensor([0.4, 0.3, 0.2, 0.1]).log() * 0.7
    random = generator(0, "sample")
    counts = np.bincount([token_of(logits, 0.7, 0.85, random) for _ in range(6000)], minlength=4)
    assert counts / 6000 == pytest.approx([4 / 9, 3 / 9, 2 / 9, 0], abs=0.02)


def test_temperature_0_takes_the_most_probable_and_large_logits_do_no_harm() -> None:
    random = generator(0, "sample")
    assert token_of(torch.tensor([1.0, 5.0, 4.9]), 0, 1.0, random) == 1
    assert {token_of(torch.tensor([3e38, -3e38]), 0.01, top_p, random) for top_p in (0.5, 1.0)} == {0}


@pytest.mark.parametrize("top_p", [0.9, 1.0])
def test_logits_that_are_not_numbers_fail_the_job(top_p: float) -> None:
    with pytest.raises(JobFailed, match="not numbers"):
        token_of(torch.tensor([0.0, float("nan")]), 1.0, top_p, generator(0, "sample"))
