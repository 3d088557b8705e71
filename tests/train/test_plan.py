"""Which examples belong to each step."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_tuning import changed, random_examples

from unseen.errors import DataMistake
from unseen.train.plan import count_draws, plan_steps, supervised_weight

EXAMPLES = random_examples(17)


@given(per_step=st.integers(1, 9), epochs=st.sampled_from([0.3, 1, 2, 2.5]), seed=st.integers(0, 99))
def test_every_draw_is_in_one_step_and_the_last_may_be_short(per_step: int, epochs: float, seed: int) -> None:
    settings = changed(examples_per_step=per_step, epochs=epochs)
    draws = np.random.default_rng(seed).integers(0, 17, 100)
    plan = plan_steps(iter(draws), EXAMPLES, settings, epoch_length=17)
    steps = [plan.step(number) for number in range(len(plan))]
    assert np.concatenate(steps).tolist() == draws[: count_draws(settings, 17)].tolist()
    assert [len(step) for step in steps[:-1]] == [per_step] * (len(plan) - 1)
    assert 1 <= len(steps[-1]) <= per_step
    for step, weight in zip(steps, plan.weights, strict=True):
        assert weight == pytest.approx(sum(supervised_weight(EXAMPLES[index]) for index in step))
    assert plan.epoch(len(plan) - 1) == len(plan.draws) / 17


def test_steps_override_epochs_and_endless_draws_are_fine() -> None:
    settings = changed(steps=3, epochs=100, examples_per_step=5)
    plan = plan_steps(itertools.cycle(range(17)), EXAMPLES, settings, epoch_length=17)
    assert [plan.step(number).tolist() for number in range(3)] == [
        [0, 1, 2, 3, 4],
        [5, 6, 7, 8, 9],
        [10, 11, 12, 13, 14],
    ]


def test_too_few_draws_are_a_mistake() -> None:
    with pytest.raises(DataMistake, match="the run needs 15 examples and only 2 were drawn"):
        plan_steps([0, 1], EXAMPLES, changed(steps=3, examples_per_step=5), epoch_length=17)


def test_an_example_without_a_supervised_token_is_named() -> None:
    silent = replace(EXAMPLES[4], weights=np.zeros_like(EXAMPLES[4].weights))
    with pytest.raises(DataMistake, match="row/4: has no supervised token"):
        plan_steps([0, 1], [EXAMPLES[0], silent], changed(steps=1, examples_per_step=2), epoch_length=2)


def test_another_order_another_step_size_another_weight_is_another_digest() -> None:
    def digest(draws: list[int], per_step: int = 2, examples: object = EXAMPLES) -> str:
        return plan_steps(draws, examples, changed(epochs=1, examples_per_step=per_step), epoch_length=4).digest

    halved = [replace(each, weights=each.weights / 2) for each in EXAMPLES]
    assert digest([0, 1, 2, 3]) == digest([0, 1, 2, 3])
    others = [digest([1, 0, 2, 3]), digest([0, 1, 2, 3], 3), digest([0, 1, 2, 3], 2, halved)]
    assert len({digest([0, 1, 2, 3]), *others}) == 4
