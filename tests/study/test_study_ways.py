"""How far scores move with the template, beside what so few rows would make of templates that are alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from unseen.evaluation.blocks import Block
from unseen.study.answers import NO_DRAW, Answers, TaskBlock
from unseen.study.ways import Ways, ways_of

ROWS, SEEDS = 50, 3


def answers(random: np.random.Generator, names: Sequence[str], seed: int, shares: Sequence[float]) -> Answers:
    """Right and wrong answers to the rows of a seed, by chance, through templates that are right so often."""
    values = 100.0 * (random.random((ROWS, len(names))) < np.array(shares))
    block = Block("accuracy", tuple(names), np.stack([values, np.ones_like(values)], axis=2), values >= 0)
    rows = tuple(("test", 1000 * seed + row) for row in range(ROWS))
    return Answers({("tuned", "c/x", NO_DRAW): TaskBlock(rows, block)}, {"c/x": ""}, frozenset(), False, None, True)


def asked(random: np.random.Generator, formats: int, shares: Sequence[float]) -> Ways:
    """A task asked under three seeds, each through eight of so many formats."""
    runs = {}
    for seed in range(SEEDS):
        names = [f"f{number}" for number in random.choice(formats, 8, replace=False)]
        runs[seed] = answers(random, names, seed, shares)
    [ways] = ways_of(runs)
    return ways


@pytest.mark.parametrize("formats", [40, 8])
def test_templates_that_are_alike_spread_as_far_as_rows_alone(formats: int) -> None:
    """Whether seeds draw formats of their own or all are asked through the same ones: a range over all of their names
    was 26 and one of means over seeds 13, where rows alone make 20."""
    random = np.random.default_rng(1)
    found = [asked(random, formats, [0.5] * 8) for _ in range(60)]
    noise = [each.noise for each in found if each.noise is not None]
    assert np.mean([each.range for each in found]) == pytest.approx(np.mean(noise), rel=0.06)
    assert {each.templates for each in found} == {8} and {each.rows for each in found} == {ROWS}


def test_templates_that_differ_spread_farther() -> None:
    found = asked(np.random.default_rng(1), 8, [0.2, *[0.5] * 6, 0.8])
    assert found.noise is not None and found.range > 2 * found.noise


def test_one_template_has_no_spread() -> None:
    random = np.random.default_rng(1)
    [found] = ways_of({seed: answers(random, ["t"], seed, [0.5]) for seed in range(2)})
    assert found.noise is None and found.range == 0.0 and found.templates == 1
