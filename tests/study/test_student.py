"""Student's t, F and Holm's correction, against published tables and hand-worked cases."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.study.student import effective_freedom, f_tail, holm, quantile, two_sided


@pytest.mark.parametrize(
    ("share", "freedom", "value"),
    [(0.975, 1, 12.7062), (0.975, 2, 4.3027), (0.975, 10, 2.2281), (0.995, 4, 4.6041), (0.95, 30, 1.6973),
     (0.975, 1e9, 1.95996), (0.025, 5, -2.5706), (0.5, 7, 0.0)],
)  # fmt: skip
def test_t_is_that_of_the_printed_tables(share: float, freedom: float, value: float) -> None:
    assert quantile(share, freedom) == pytest.approx(value, abs=6e-5)


def test_one_and_two_degrees_of_freedom_have_closed_forms() -> None:
    # Cauchy: P(|T| >= 1) = 1/2; two degrees: P(|T| >= t) = 1 - t / sqrt(2 + t * t).
    assert two_sided(1.0, 1) == pytest.approx(0.5)
    assert two_sided(3.0, 2) == pytest.approx(1 - 3 / 11**0.5)


@given(st.floats(0.51, 0.9999), st.floats(1.0, 500.0))
def test_the_quantile_turns_the_tail_round(share: float, freedom: float) -> None:
    assert two_sided(quantile(share, freedom), freedom) == pytest.approx(2 * (1 - share), rel=1e-5)


def test_f_is_that_of_the_printed_tables() -> None:
    assert f_tail(6.9443, 2, 4) == pytest.approx(0.05, abs=1e-5)
    assert f_tail(3.3258, 5, 10) == pytest.approx(0.05, abs=1e-5)


def test_holm_by_hand() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04 -> 0.06, which may not fall again.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_corrects_upwards_and_keeps_the_order(values: list[float]) -> None:
    found = holm(values)
    assert all(p <= q <= 1 for p, q in zip(values, found, strict=True))
    for (p, a), (q, b) in itertools.combinations(zip(values, found, strict=True), 2):
        assert p == q or (a <= b) == (p < q) or a == b


def test_freedom_of_a_sum_by_hand() -> None:
    # (4 + 2)^2 / (16 / 4 + 4 / 8) = 36 / 4.5
    assert effective_freedom([(4.0, 4.0), (2.0, 8.0)]) == pytest.approx(8.0)


def test_one_degree_of_freedom_gets_no_credit_from_a_sure_part() -> None:
    found = effective_freedom([(1.0, 1.0), (1.0, 1e6)])
    wide = (12.7062**2 + 1.95996**2) / 2
    assert quantile(0.975, found) ** 2 == pytest.approx(wide, rel=1e-3)
