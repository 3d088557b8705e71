"""Laws of the micro-batch plan and of padding."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unseen.encode.batch import PER_BATCH, pad, plan_batches
from unseen.encode.encoded import Encoded

lengths_and_budget = st.tuples(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 600))


def encoded(length: int, fill: int = 2) -> Encoded:
    return Encoded("x", np.full(length, fill, np.int32), np.ones(length, np.float32), 0)


@given(lengths_and_budget)
def test_every_example_is_in_exactly_one_batch(plan: tuple[list[int], int]) -> None:
    lengths, budget = plan
    batches = plan_batches(lengths, budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(batches)


@given(lengths_and_budget)
def test_rows_times_longest_stay_within_the_budget_or_one_row_runs_alone(plan: tuple[list[int], int]) -> None:
    lengths, budget = plan
    for batch in plan_batches(lengths, budget):
        longest = max(lengths[index] for index in batch)
        assert len(batch) * longest <= budget or len(batch) == 1


@given(lengths_and_budget)
def test_no_order_of_filling_batches_costs_less(plan: tuple[list[int], int]) -> None:
    lengths, budget = plan
    planned = [[lengths[index] for index in batch] for batch in plan_batches(lengths, budget)]
    assert _cost(planned) <= _cost(_in_given_order(lengths, budget))
    assert _cost(planned) <= _cost(_in_given_order(sorted(lengths), budget))


@given(lengths_and_budget)
def test_the_longest_run_first(plan: tuple[list[int], int]) -> None:
    lengths, budget = plan
    flat = [lengths[index] for batch in plan_batches(lengths, budget) for index in batch]
    assert flat == sorted(lengths, reverse=True)


def _cost(batches: list[list[int]]) -> int:
    return sum(len(batch) * max(batch) + PER_BATCH for batch in batches)


def _in_given_order(lengths: list[int], budget: int) -> list[list[int]]:
    batches: list[list[int]] = []
    for length in lengths:
        if batches and (len(batches[-1]) + 1) * max([*batches[-1], length]) <= budget:
            batches[-1].append(length)
        else:
            batches.append([length])
    return batches


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.integers(0, 5))
def test_padding_is_masked_by_position_whatever_the_token_ids(lengths: list[int], fill: int) -> None:
    padded = pad([encoded(length, fill) for length in lengths])
    assert padded.ids.shape == padded.weights.shape == padded.mask.shape == (len(lengths), max(lengths))
    assert padded.mask.sum(axis=1).tolist() == lengths
    assert (padded.ids[padded.mask] == fill).all()
    assert padded.weights[~padded.mask].sum() == 0.0
    assert padded.weights.sum() == sum(lengths)


def test_an_end_token_that_is_also_the_pad_token_stays_supervised() -> None:
    end = 2  # as in SmolLM2, where padding and end are one token
    padded = pad([Encoded("a", np.array([5, end], np.int32), np.array([0, 1], np.float32), 1), encoded(4)])
    assert padded.mask[0].tolist() == [True, True, False, False]
    assert padded.weights[0].tolist() == [0.0, 1.0, 0.0, 0.0]
