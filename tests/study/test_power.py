"""What a pilot says a study can show, held against simulated studies of that size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_study_interval import names, seen, study

from unseen.study.estimate import Over, estimate
from unseen.study.power import Pilot, decided_width, needed, needed_tasks, pilot_of, smallest_difference, together
from unseen.study.student import quantile

TRUTH = Pilot(0.8, 1.2, 0.6, 30 / 25, 20 / 25, 3, 6, 25, "tasks")  # as `deviations`, of rows a 25th
DEVIATIONS = (0.8**0.5, 1.2**0.5, 0.6**0.5, 30**0.5, 20**0.5)


@pytest.mark.parametrize(("over", "seeds", "tasks"), [("tasks", 3, 6), ("tasks", 5, 12), ("rows", 4, 2)])
def test_a_difference_as_large_is_shown_four_times_of_five(over: Over, seeds: int, tasks: int) -> None:
    random, times, shown = np.random.default_rng(8), 400, 0
    difference = smallest_difference(replace(TRUTH, over=over), seeds, 1, 25, tasks)
    deviations = DEVIATIONS if over == "tasks" else (DEVIATIONS[0], 0.0, *DEVIATIONS[2:])
    for _ in range(times):
        cells = difference + study(random, seeds, tasks, deviations)
        shown += estimate(seen(cells, names(tasks, 1), random), over, random).p <= 0.05
    assert 72 <= 100 * shown / times <= 90


def test_a_zero_difference_is_shown_to_be_small_four_times_of_five() -> None:
    random, times, shown = np.random.default_rng(9), 300, 0
    smallest = decided_width(TRUTH, 5, 1, 25, 12)
    for _ in range(times):
        found = estimate(seen(study(random, 5, 12, DEVIATIONS), names(12, 1), random), "tasks", random)
        shown += -smallest <= found.low and found.high <= smallest
    assert 75 <= 100 * shown / times <= 95


def test_the_variances_of_many_pilots_are_the_true_ones() -> None:
    random = np.random.default_rng(10)
    pilots = [pilot_of(seen(study(random, 3, 6, DEVIATIONS), names(6, 1), random), "tasks") for _ in range(300)]
    found = together(pilots)
    assert found.seed == pytest.approx(0.8, rel=0.25)
    assert found.task == pytest.approx(1.2, rel=0.25)
    assert found.both + found.rows_own == pytest.approx(0.6 + 0.8, rel=0.15)
    assert found.rows_shared == pytest.approx(1.2, rel=0.15)
    assert (found.seeds, found.tasks, found.rows) == (3, 6, 25)


def test_more_of_anything_shows_smaller_differences_and_more_comparisons_larger_ones() -> None:
    least = smallest_difference(TRUTH, 3, 1, 25)
    assert smallest_difference(TRUTH, 6, 1, 25) < least
    assert smallest_difference(TRUTH, 3, 1, 100) < least
    assert smallest_difference(TRUTH, 3, 1, 25, tasks=24) < least
    assert smallest_difference(TRUTH, 3, 5, 25) > least
    alone, together, many = (smallest_difference(replace(TRUTH, family=arms), 3, 5, 25) for arms in (0, 3, 6))
    assert many < together < alone


def test_seeds_are_known_from_the_arms_that_were_pooled_not_from_the_comparisons() -> None:
    """Comparisons that have each a baseline of their own know seeds from two arms, however many they are."""
    own = smallest_difference(TRUTH, 3, 1, 25)
    freedom = (quantile(1 - 0.05 / 8, 200.0) + quantile(0.8, 200.0)) / (quantile(0.975, 200.0) + quantile(0.8, 200.0))
    assert smallest_difference(TRUTH, 3, 4, 25) > freedom * own  # few degrees of freedom make four dearer than that

    random = np.random.default_rng(1)
    cells = [study(random, 3, 4, (1, 1, 1, 2, 2)) for _ in range(4)]
    observed, tables = seen(cells[1] - cells[0], names(4, 1), random), [each.mean(axis=2) for each in cells]
    assert pilot_of(observed, "tasks", others=tables[:2]).family == 0
    assert pilot_of(observed, "tasks", others=tables[:3]).family == 3
    assert pilot_of(observed, "tasks", others=tables).family == 4


def test_an_arm_that_keeps_its_own_variance_says_so() -> None:
    random = np.random.default_rng(0)
    calm = [random.normal(0, 0.1, (4, 3)) for _ in range(5)]
    wild = np.array([[-9.0] * 3, [8.0] * 3, [-7.0] * 3, [9.0] * 3])
    observed = seen((wild - calm[0])[:, :, None] + np.zeros((1, 1, 5)), names(3, 1), random)
    assert pilot_of(observed, "tasks", others=[*calm, wild]).family == 0


def test_what_is_needed_is_enough_and_no_more() -> None:
    pilot = replace(TRUTH, over="rows", fixed_seconds=100.0, row_seconds=1.0)
    found = needed(pilot, 2.0, 3)
    assert found is not None
    seeds, rows = found
    assert decided_width(pilot, seeds, 3, rows) <= 2.0 < decided_width(pilot, seeds, 3, rows - 1)
    dear_rows = needed(replace(pilot, row_seconds=50.0), 2.0, 3)
    assert dear_rows is not None
    assert dear_rows[1] < rows
    assert dear_rows[0] > seeds


def test_where_tasks_differ_too_much_tasks_are_needed() -> None:
    pilot = replace(TRUTH, task=16.0)
    assert needed(pilot, 3.5, 1) is None
    tasks = needed_tasks(pilot, 3.5, 1)
    assert tasks is not None
    assert decided_width(pilot, 3, 1, 25, tasks) <= 3.5 < decided_width(pilot, 3, 1, 25, tasks - 1)
    assert needed_tasks(pilot, 0.01, 1, most=50) is None
