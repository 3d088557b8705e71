"""The order of draws: exact, seeded, computable anywhere."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import groupby, islice
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.data.dataset import Dataset
from unseen.errors import TaskMistake
from unseen.prompt.template import Template
from unseen.recipe import MixtureSettings
from unseen.task.mixture import BLOCK, Buffer, Draw, Mixture
from unseen.task.quota import counts_through
from unseen.task.task import Task


def task(name: str, templates: int = 3) -> Task:
    dataset = Dataset(name=name, cluster="c", splits={}, origin=(name,))
    return Task(f"c/{name}", dataset, tuple(Template(f"t{i}", "{{ x }}") for i in range(templates)), "choose", ())


def mixture(sizes: list[int], templates: int = 3, **values: object) -> Mixture:
    tasks = [task(f"d{i}", templates) for i in range(len(sizes))]
    return Mixture.of(tasks, sizes, MixtureSettings.model_validate(values), templates)


sizes = st.lists(st.integers(1, 400), min_size=1, max_size=12)
values = st.fixed_dictionaries(
    {
        "rate": st.sampled_from(["examples", "equal", "temperature"]),
        "cap": st.integers(1, 500),
        "temperature": st.floats(1, 5),
        "group": st.integers(1, 9),
    }
)


@given(
    weights=st.lists(st.integers(1, 2**20), min_size=1, max_size=30),
    steps=st.lists(st.integers(1, 60), min_size=1, max_size=40),
)
def test_counts_are_the_floor_or_ceiling_of_the_ideal_at_every_bound(weights: list[int], steps: list[int]) -> None:
    bounds = np.append(0, np.cumsum(steps))
    for (before, after), bound in zip(counts_through(weights, bounds), bounds[1:].tolist(), strict=True):
        assert after.sum() == bound
        assert (after >= before).all(), "a draw was taken back"
        for count, weight in zip(after.tolist(), weights, strict=True):
            assert weight * bound // sum(weights) <= count <= -(-weight * bound // sum(weights))


@given(sizes=sizes, values=values, seed=st.integers(0, 9), epoch=st.integers(0, 3))
@settings(deadline=None)
def test_an_epoch_is_the_sum_of_capped_sizes(
    sizes: list[int], values: dict[str, object], seed: int, epoch: int
) -> None:
    mixed = mixture(sizes, **values)
    draws = list(mixed.order(seed, epoch))
    assert len(draws) == mixed.epoch_length == sum(min(n, mixed.cap) for n in sizes)
    assert all(0 <= d.row < sizes[d.task] and 0 <= d.template < 3 for d in draws)
    counts = Counter(d.task for d in draws)
    before, after = mixed.counts(epoch)
    assert [counts[index] for index in range(len(sizes))] == (after - before).tolist()
    for rate, drawn in zip(mixed.rates, after.tolist(), strict=True):
        assert abs(drawn - rate * len(draws) * (epoch + 1)) < 1 + 1e-6


@given(sizes=sizes, values=values, start=st.integers(0, 5000))
@settings(deadline=None)
def test_resumed_at_any_position_equals_uninterrupted(sizes: list[int], values: dict[str, object], start: int) -> None:
    mixed = mixture(sizes, **values)
    assert list(mixed.order(7, 1, start)) == list(mixed.order(7, 1))[start:]


@given(sizes=sizes, values=values)
@settings(deadline=None)
def test_no_row_repeats_before_all_rows_were_seen(sizes: list[int], values: dict[str, object]) -> None:
    mixed = mixture(sizes, **values)
    seen: list[list[int]] = [[] for _ in sizes]
    for epoch in range(3):
        for draw in mixed.order(0, epoch):
            seen[draw.task].append(draw.row)
    for rows, size in zip(seen, sizes, strict=True):
        for start in range(0, len(rows), size):
            one_pass = rows[start : start + size]
            assert len(set(one_pass)) == len(one_pass)


def test_counts_of_every_block_stay_within_one_of_the_ideal() -> None:
    mixed = mixture([90_000, 7_000, 40, 3, 1], cap=100_000)
    draws = list(mixed.order(0, 0))
    for end in range(BLOCK, len(draws), BLOCK):
        counts = Counter(d.task for d in draws[:end])
        for index, rate in enumerate(mixed.rates):
            assert abs(counts[index] - rate * end) < 1


def test_rare_tasks_appear_in_every_epoch() -> None:
    mixed = mixture([50_000] + [1] * 40, cap=50_000)
    assert {d.task for d in mixed.order(0, 0)} == set(range(41))


def test_adding_a_task_leaves_rows_and_templates_of_the_others_as_they_were() -> None:
    few, many = mixture([300, 200]), mixture([300, 200, 1000, 5])
    for index in (0, 1):
        before = [(d.row, d.template) for epoch in (0, 1) for d in few.order(3, epoch) if d.task == index]
        after = [(d.row, d.template) for epoch in (0, 1) for d in many.order(3, epoch) if d.task == index]
        assert before == after


def test_order_differs_by_seed_and_epoch_and_not_by_run() -> None:
    mixed = mixture([300, 200])
    assert list(mixed.order(0, 0)) == list(mixed.order(0, 0))
    assert list(mixed.order(0, 0)) != list(mixed.order(1, 0))
    assert list(mixed.order(0, 0)) != list(mixed.order(0, 1))


@given(workers=st.integers(1, 7))
@settings(deadline=None)
def test_workers_that_take_turns_cover_the_order_once(workers: int) -> None:
    mixed = mixture([300, 200, 9])
    shares = [list(islice(mixed.order(0, 0), worker, None, workers)) for worker in range(workers)]
    together = [shares[i % workers][i // workers] for i in range(mixed.epoch_length)]
    assert together == list(mixed.order(0, 0))


def test_group_draws_rows_of_a_task_together() -> None:
    mixed = mixture([64, 128, 10], group=4)
    tasks = [d.task for d in mixed.order(0, 0)]
    runs = [(t, sum(1 for _ in g)) for t, g in groupby(tasks)]
    assert sum(length % 4 for _, length in runs) == 10 % 4, "only a task's last group may be short"
    assert Counter(tasks) == {0: 64, 1: 128, 2: 10}


def test_a_row_goes_through_all_templates_in_as_many_epochs() -> None:
    mixed = mixture([50], templates=4)
    used: dict[int, set[int]] = {}
    for epoch in range(4):
        for draw in mixed.order(0, epoch):
            used.setdefault(draw.row, set()).add(draw.template)
    assert all(templates == {0, 1, 2, 3} for templates in used.values())


def test_templates_are_drawn_about_equally_often() -> None:
    counts = Counter(d.template for d in mixture([4000], templates=5, cap=4000).order(0, 0))
    assert all(abs(counts[t] - 800) < 120 for t in range(5))


def test_at_most_per_task_templates_are_drawn() -> None:
    mixed = Mixture.of([task("a", 9)], [200], MixtureSettings(), templates=2)
    assert {d.template for d in mixed.order(0, 0)} == {0, 1}


@pytest.mark.parametrize(
    ("rate", "ideal"), [("examples", [100, 50, 10]), ("equal", [1, 1, 1]), ("temperature", [10, 50**0.5, 10**0.5])]
)
def test_rates_are_seqios(rate: str, ideal: list[float]) -> None:
    mixed = mixture([5000, 50, 10], rate=rate, cap=100, temperature=2)
    assert mixed.rates == pytest.approx([x / sum(ideal) for x in ideal], rel=1e-6)


def test_a_task_without_rows_is_named() -> None:
    with pytest.raises(TaskMistake, match="c/d1"):
        mixture([3, 0])
    with pytest.raises(TaskMistake, match="no tasks"):
        mixture([])


def test_golden_order() -> None:
    """The order is part of a run's fingerprint: when this changes, every stored run changes."""
    golden = [(0, 1, 0), (0, 4, 2), (0, 0, 1), (1, 0, 2), (0, 3, 0), (1, 1, 1), (0, 2, 2), (1, 2, 2)]
    assert list(mixture([5, 3]).order(0, 0)) == [Draw(*draw) for draw in golden]


Schedule = Literal["shuffled", "alternating"]
ratios = st.fractions(min_value=0, max_value=40, max_denominator=8).filter(bool)


def buffered(
    sizes: list[int], ratio: Fraction, schedule: Literal["shuffled", "alternating"], **values: object
) -> Mixture:
    """Tasks of so many rows, and 50 rows of diverse data."""
    tasks = [task(f"d{i}") for i in range(len(sizes))] + [task("diverse", 1)]
    return Mixture.of(tasks, [*sizes, 50], MixtureSettings.model_validate(values), 3, Buffer(ratio, schedule))


@given(sizes=sizes, values=values, ratio=ratios, schedule=st.sampled_from(["shuffled", "alternating"]))
@settings(deadline=None)
def test_diverse_data_is_drawn_so_many_times_for_each_other_draw(
    sizes: list[int], values: dict[str, object], ratio: Fraction, schedule: Schedule
) -> None:
    """And what the others are drawn stays as it is without it, task by task, over epochs."""
    plain, mixed_in = mixture(sizes, **values), buffered(sizes, ratio, schedule, **values)
    for epoch in range(2):
        before, after = mixed_in.counts(epoch)
        drawn = Counter(draw.task for draw in mixed_in.order(0, epoch))
        assert [drawn[i] for i in range(len(sizes) + 1)] == (after - before).tolist()
        assert abs(drawn[len(sizes)] - ratio * plain.epoch_length) <= 2
        assert abs(sum(drawn.values()) - drawn[len(sizes)] - plain.epoch_length) <= 2


@given(sizes=sizes, ratio=ratios)
@settings(deadline=None)
def test_alternating_keeps_the_ratio_all_the_way(sizes: list[int], ratio: Fraction) -> None:
    order = [draw.task == len(sizes) for draw in buffered(sizes, ratio, "alternating").order(0, 0)]
    others = diverse = 0
    for is_diverse in order:
        diverse, others = diverse + is_diverse, others + (not is_diverse)
        assert abs(diverse - ratio * others) <= ratio + 3


def test_diverse_rows_come_again_only_when_all_have_been_drawn() -> None:
    rows = [draw.row for draw in buffered([30], Fraction(4), "shuffled").order(0, 0) if draw.task == 1]
    assert len(rows) == 120
    assert sorted(rows[:50]) == sorted(rows[50:100]) == list(range(50))
    assert len(set(rows[100:])) == 20
