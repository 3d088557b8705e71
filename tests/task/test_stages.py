"""Two stages, the tasks alone and then diverse data with a fraction of them: exact, seeded, computable anywhere."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import chain, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mixture import mixture, task

from unseen.errors import TaskMistake
from unseen.recipe import MixtureSettings, TrainSettings
from unseen.task.stages import Stages
from unseen.train.plan import count_draws

sizes = st.lists(st.integers(1, 60), min_size=1, max_size=4)
ratios = st.fractions(min_value=Fraction(1, 4), max_value=12, max_denominator=8)
fractions = st.sampled_from([Fraction(1, 256), Fraction(1, 10), Fraction(1)])


def stages(
    sizes: list[int], ratio: Fraction, fraction: Fraction = Fraction(1, 256), epochs: float = 2, **values: object
) -> Stages:
    """Tasks of so many rows and 50 rows of diverse data, for a run of so many epochs."""
    tasks = [*(task(f"d{i}") for i in range(len(sizes))), task("diverse", 1)]
    train = TrainSettings(epochs=epochs)
    said = MixtureSettings.model_validate(values)
    return Stages.of(tasks, [*sizes, 50], said, 3, ratio, fraction, lambda length: count_draws(train, length))


@given(sizes=sizes, ratio=ratios, fraction=fractions, start=st.integers(0, 2000))
@settings(deadline=None, max_examples=30)
def test_resumed_at_any_position_equals_uninterrupted(
    sizes: list[int], ratio: Fraction, fraction: Fraction, start: int
) -> None:
    made = stages(sizes, ratio, fraction)
    for epoch in (0, 1, 2):
        whole = list(made.order(7, epoch))
        assert len(whole) == made.epoch_length
        assert list(made.order(7, epoch, min(start, len(whole)))) == whole[start:]


@given(sizes=sizes, ratio=ratios, epochs=st.integers(1, 3))
@settings(deadline=None, max_examples=30)
def test_the_first_stage_is_the_run_without_diverse_data(sizes: list[int], ratio: Fraction, epochs: int) -> None:
    """Draw by draw: as many passes over the tasks as the run has epochs, give or take the rounding of an epoch."""
    made, plain = stages(sizes, ratio, epochs=epochs), mixture(sizes)
    assert abs(made.first - epochs * plain.epoch_length) <= epochs
    alone = chain.from_iterable(plain.order(3, epoch) for epoch in range(epochs + 1))
    drawn = chain.from_iterable(made.order(3, epoch) for epoch in range(epochs))
    assert list(islice(drawn, made.first)) == list(islice(alone, made.first))


@given(sizes=sizes, ratio=ratios, fraction=fractions)
@settings(deadline=None, max_examples=30)
def test_the_second_stage_has_the_ratio_and_the_fraction(sizes: list[int], ratio: Fraction, fraction: Fraction) -> None:
    made = stages(sizes, ratio, fraction)
    run = [draw.task for epoch in range(2) for draw in made.order(0, epoch)]
    second = Counter(run[made.first :])
    diverse = second.pop(len(sizes), 0)
    assert abs(diverse - ratio * made.first) <= ratio + 4
    assert abs(second.total() - fraction * made.first) <= 2
    assert len(sizes) not in run[: made.first]


def test_sixty_rows_five_times_at_ratio_ten() -> None:
    """Counted by hand: 300 draws alone, then 3,000 diverse ones with 300 / 256 of the tasks', so one or two."""
    made = stages([60], Fraction(10), epochs=5)
    run = [draw.task for epoch in range(5) for draw in made.order(0, epoch)]
    assert made.first == 300 and run[:300] == [0] * 300
    assert run[300:].count(1) in (2998, 2999, 3000, 3001) and run[300:].count(0) in (1, 2)


def test_a_row_meets_its_next_template_in_each_pass_of_the_first_stage() -> None:
    made = stages([40], Fraction(10), epochs=3)
    met: dict[int, list[int]] = {}
    for draw in islice(made.order(0, 0), made.first):
        met.setdefault(draw.row, []).append(draw.template)
    assert all(sorted(templates) == [0, 1, 2] for templates in met.values())


def test_rates_are_those_of_both_stages() -> None:
    assert stages([30, 10], Fraction(3), Fraction(1, 2)).rates == pytest.approx([1.125 / 4.5, 0.375 / 4.5, 3 / 4.5])


def test_diverse_rows_come_again_only_when_all_have_been_drawn() -> None:
    made = stages([30], Fraction(4), epochs=1)
    rows = [draw.row for draw in made.order(0, 0) if draw.task == 1]
    assert sorted(rows[:50]) == sorted(rows[50:100]) == list(range(50))


def test_tasks_without_rows_are_named() -> None:
    with pytest.raises(TaskMistake, match="c/d0"):
        stages([0], Fraction(1))


def test_rates_that_numbers_of_64_bits_cannot_tell_apart_are_refused() -> None:
    made = stages([90, 5], Fraction(90_000), Fraction(1, 1000), rate="temperature")
    with pytest.raises(TaskMistake, match="too far apart to be drawn exactly"):
        next(islice(made.order(0, 0), made.first, None))


def test_golden_order() -> None:
    """The order is part of a run's fingerprint: when this changes, every stored run changes."""
    found = [(draw.task, draw.row) for draw in stages([3], Fraction(2), Fraction(1, 3), epochs=1).order(0, 0)]
    alone, mixed = [(0, 1), (0, 0), (0, 2)], [(0, 1), (1, 46), (1, 1), (1, 34), (1, 40), (1, 17), (1, 14)]
    assert found == [*alone, *mixed]
