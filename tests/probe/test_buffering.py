"""The numbers of buffering, against gradients that are known."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from transformers import LlamaConfig, LlamaForCausalLM

from unseen.encode.encoded import Encoded
from unseen.probe.buffering import Cancellation, buffering, cancellation, correlation
from unseen.probe.gradients import Gradient, cosine_of, summed_gradient
from unseen.probe.turning import Products, turned


def cancelled(gradients: Sequence[Sequence[float]]) -> Cancellation:
    each: NDArray[np.float64] = np.array(gradients, dtype=np.float64)
    return cancellation(np.linalg.norm(each, axis=1), each @ each.sum(axis=0))


def test_gradients_that_point_alike_do_not_cancel_and_opposite_ones_do() -> None:
    alike = cancelled([[1, 0], [1, 0], [1, 0], [1, 0]])
    assert alike.ratio.value == pytest.approx(1) and alike.alike.value == pytest.approx(1)
    assert alike.by_chance == pytest.approx(0.5)
    opposite = cancelled([[1, 0], [-1, 0], [0, 2], [0, -2]])
    assert opposite.ratio.value == 0 and opposite.alike.value == pytest.approx(-1 / 3)


def test_directions_that_have_nothing_to_do_with_each_other_cancel_as_by_chance() -> None:
    found = cancelled(np.random.default_rng(0).standard_normal((100, 5000)).tolist())
    assert found.ratio.value == pytest.approx(found.by_chance, rel=0.02)
    assert abs(found.alike.value) < 0.003 and found.alike.low < 0 < found.alike.high


def test_the_interval_holds_what_more_examples_show() -> None:
    """Gradients with a common part: in 90 of 100 samples of 40 the interval of `alike` must hold its true value."""
    random = np.random.default_rng(1)
    common, true = random.standard_normal(30), 0.5
    common *= np.sqrt(30) / np.linalg.norm(common)
    held = 0
    for _ in range(100):
        sample = common * np.sqrt(true) + random.standard_normal((40, 30)) * np.sqrt(1 - true)
        found = cancelled(sample.tolist()).alike
        held += found.low <= true <= found.high
    assert held >= 88


@given(st.lists(st.integers(-5, 5), min_size=5, max_size=30, unique=True))
def test_a_falling_relation_has_rank_correlation_minus_one(values: list[int]) -> None:
    one = np.array(values, dtype=np.float64)
    found = correlation(one, -(one**3))
    assert found.value == pytest.approx(-1) and found.low <= found.value < found.high < 0.95


def test_four_pairs_in_one_order_say_nothing_for_sure() -> None:
    found = correlation(np.arange(4.0), np.arange(4.0))
    assert found.value == pytest.approx(1) and found.low < 0 and found.high >= 1 - 1e-9


def test_ties_share_their_rank() -> None:
    """By hand: ranks 1.5 1.5 3 4 5 and 1 2 3 4 5, so that rho = 9.5 / sqrt(9.5 * 10)."""
    found = correlation(np.array([0.0, 0, 1, 2, 3]), np.array([1.0, 2, 3, 4, 5]))
    assert found.value == pytest.approx(9.5 / np.sqrt(95))


def test_diverse_data_turns_a_biased_gradient_towards_the_ideal_one() -> None:
    """By hand: the task points at (1, 1), diverse data at (1, -1), the ideal is (1, 0). Ratio 1 gets there."""
    each = {"task": [[1.0, 1], [1, 1]], "diverse": [[1.0, -1]] * 4, "wordings": [[3.0, 0], [3, 0]]}
    gradients = {name: np.array(of_set) for name, of_set in each.items()}
    sums = {name: of_set.sum(axis=0) for name, of_set in gradients.items()}
    sets = {
        name: Products(np.linalg.norm(of_set, axis=1), {other: of_set @ total for other, total in sums.items()})
        for name, of_set in gradients.items()
    }
    found = {each.ratio: each.cosine.value for each in turned(sets, [1.0, 3.0])}
    assert found == pytest.approx({0.0: np.sqrt(0.5), 1.0: 1.0, 3.0: 4 / np.sqrt(4**2 + 2**2)})


def flat(gradient: Gradient) -> torch.Tensor:
    return torch.cat([gradient[name].flatten() for name in sorted(gradient)]).double()


def encoded(count: int, seed: int) -> list[Encoded]:
    random, weights = np.random.default_rng(seed), np.array([0, 0, 0, 1, 1, 1, 1, 1], dtype=np.float32)
    return [Encoded(f"e{number}", random.integers(5, 90, 8).astype(np.int32), weights, 3) for number in range(count)]


def test_a_model_is_measured_as_its_gradients_say() -> None:
    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        start = LlamaForCausalLM(LlamaConfig(vocab_size=100, num_key_value_heads=2, **sizes)).eval()
    tuned = deepcopy(start)
    with torch.no_grad():
        for parameter in tuned.parameters():
            parameter.mul_(1.1)
    task, diverse, wordings = encoded(4, 0), encoded(6, 1), encoded(5, 2)
    found = buffering(start, task, diverse, wordings, [1.0], tuned)
    given_task, given_wordings = summed_gradient(start, task), summed_gradient(start, wordings)
    assert found.turned[0].cosine.value == pytest.approx(cosine_of(given_task, given_wordings), rel=1e-4)
    mixed, ideal = flat(given_task) / 4 + flat(summed_gradient(start, diverse)) / 6, flat(given_wordings)
    assert found.turned[1].cosine.value == pytest.approx(float(torch.cosine_similarity(mixed, ideal, dim=0)), rel=1e-4)
    alone = [cosine_of(summed_gradient(start, [each]), given_task) for each in diverse]
    np.testing.assert_allclose(found.similarity, alone, rtol=1e-3, atol=1e-5)
    assert found.change is not None and found.correlation is not None and len(found.change) == 6
    assert (found.diverse.examples, found.task.examples) == (6, 4) and 0 < found.diverse.ratio.value < 1
