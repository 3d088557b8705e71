"""The intervals hold the truth as often as they say, in simulated evaluations whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from unseen.evaluation import intervals
from unseen.evaluation.aggregate import aggregate
from unseen.evaluation.intervals import POWER, over_tasks, student, wilson
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.task_scores import ScoreRow

DATA_SETS = 300


@pytest.fixture(autouse=True)
def _fewer_replicates(monkeypatch: pytest.MonkeyPatch) -> None:
    """500 replicates blur a limit by a tenth of a standard error: enough to count how often it holds."""
    monkeypatch.setattr(intervals, "REPLICATES", 500)


def prediction(row: int, value: float, **other: object) -> Prediction:
    fields: dict[str, object] = {
        "task": "nli/toy",
        "template": "t0",
        "split": "test",
        "row": row,
        "side": "unseen",
        "model": "base",
        "shots": 0,
        "seed": 0,
        "kind": "choose",
        "plain": False,
        "prompt": "?",
        "text": "",
        "references": ("yes",),
        "metrics": ("accuracy",),
        "values": {"accuracy": value},
        **other,
    }
    return Prediction(**fields)  # type: ignore[arg-type]


def row_of(predictions: list[Prediction], model: str, template: str | None = None) -> ScoreRow:
    scores = aggregate(predictions).scores
    return next(s for s in scores if s.task and s.model == model and s.template == template)


def coverage(held: list[bool]) -> float:
    return 100 * sum(held) / len(held)


@pytest.mark.parametrize(("right", "rows"), [(0.5, 40), (0.9, 25), (0.97, 20)])
def test_a_share_lies_in_its_interval(right: float, rows: int) -> None:
    drawn = np.random.default_rng(1).binomial(rows, right, size=DATA_SETS)
    limits = [wilson(float(k), rows) for k in drawn]
    assert 90 <= coverage([low <= 100 * right <= high for low, high in limits]) <= 99.9


@pytest.mark.parametrize("rows", [20, 100])
def test_a_paired_difference_lies_in_its_interval(rows: int) -> None:
    random = np.random.default_rng(2)
    held = []
    for _ in range(DATA_SETS):
        base = random.random(rows) < 0.5
        tuned = np.where(random.random(rows) < 0.3, random.random(rows) < 0.8, base)  # truth: 0.3 * (0.8 - 0.5)
        pair = [
            prediction(i, 100.0 * v, model=m) for m, vs in (("base", base), ("tuned", tuned)) for i, v in enumerate(vs)
        ]
        found = row_of(pair, "difference")
        held.append((found.low or 0) <= 9.0 <= (found.high or 0))
    assert 90 <= coverage(held) <= 99


def test_a_mean_of_graded_values_lies_in_its_interval() -> None:
    random = np.random.default_rng(3)
    held = []
    for _ in range(DATA_SETS):
        values = 100 * random.beta(0.5, 1.5, size=40)  # mean 25, heaped near 0, as F1 and ROUGE are
        found = row_of([prediction(i, v) for i, v in enumerate(values)], "base", "t0")
        held.append((found.low or 0) <= 25.0 <= (found.high or 0))
    assert 90 <= coverage(held) <= 99


def test_a_median_over_templates_lies_in_its_interval() -> None:
    random = np.random.default_rng(4)
    held = []
    for _ in range(DATA_SETS):
        ease = random.random(60)  # a row is easy or hard under every template: rows must be resampled jointly
        shares = {"a": 0.4, "b": 0.6, "c": 0.7}
        asked = [
            prediction(i, 100.0 * (ease[i] < share), template=name) for name, share in shares.items() for i in range(60)
        ]
        found = row_of(asked, "base")
        held.append((found.low or 0) <= 60.0 <= (found.high or 0))
    assert 90 <= coverage(held) <= 99.5


@pytest.mark.parametrize(("tasks", "rows", "right"), [(19, 25, 0.04), (5, 40, 0.9), (2, 40, 0.4)])
def test_the_mean_over_new_rows_of_many_tasks_lies_in_its_interval(tasks: int, rows: int, right: float) -> None:
    random = np.random.default_rng(6)
    held = []
    for _ in range(DATA_SETS // 4):
        asked = [
            prediction(i, 100.0 * (random.random() < right), task=f"c{t}/toy")
            for t in range(tasks)
            for i in range(rows)
        ]
        (found,) = aggregate(asked).across
        held.append(found.new_rows.low <= 100 * right <= found.new_rows.high)
    assert coverage(held) >= 86


def test_the_mean_over_new_tasks_lies_in_its_interval() -> None:
    random = np.random.default_rng(5)
    held = []
    for _ in range(DATA_SETS):
        truths = random.normal(60, 8, size=5)
        replicates = truths[:, None] + random.normal(0, 3, size=(5, 1)) + random.normal(0, 3, size=(5, 500))
        found = over_tasks(float(replicates.mean()), replicates, random)
        held.append(found.low <= 60 <= found.high)
    assert 90 <= coverage(held) <= 99.5


@pytest.mark.parametrize("value", [0.0, 100.0])
def test_nothing_right_of_twenty_is_no_interval_of_zero_width(value: float) -> None:
    pair = [prediction(i, value, model=m, template=t) for m in ("base", "tuned") for t in "ab" for i in range(20)]
    for score in aggregate(pair).scores:
        if score.task is not None:
            assert (score.high or 0) - (score.low or 0) > 10
            assert score.detectable is not None and score.detectable > 5
            assert score.low is not None and score.low <= score.score <= (score.high or 0)


@pytest.mark.parametrize("value", [100.0, 30.0])
def test_a_plain_prompt_of_one_row_among_many_has_an_interval(value: float) -> None:
    """A third of the draws do not hold that row, and a mean over new tasks takes from each task any draw."""
    asked = (
        (task, model, plain) for task in ("nli/a", "qa/b") for model, plain in (("base", 0), ("base", 1), ("tuned", 0))
    )
    predictions = [
        prediction(row, value if row % 2 else 0.0, task=task, model=model, plain=bool(plain), template=f"t{plain}")
        for task, model, plain in asked
        for row in range(1 if plain else 60)
    ]
    summaries = aggregate(predictions, 0).across
    assert any(each.new_tasks for each in summaries)
    assert all(each.new_tasks is None or each.new_tasks.low <= each.new_tasks.high for each in summaries)


def test_the_detectable_difference_is_found_with_eighty_percent_power() -> None:
    """Data whose true difference is what 40 such rows can show: its interval leaves zero out about 8 times of 10."""
    random = np.random.default_rng(6)
    rows, discordance = 100, 0.3
    truth = POWER * 100 * np.sqrt(discordance / rows)  # a little high: the variance is discordance - difference ** 2
    better = (discordance + truth / 100) / 2
    outside = []
    for _ in range(DATA_SETS):
        kind = random.random(rows)
        base, tuned = np.ones(rows), np.ones(rows)
        base[kind < better] = 0
        tuned[(better <= kind) & (kind < discordance)] = 0
        pair = [
            prediction(i, 100.0 * v, model=m) for m, vs in (("base", base), ("tuned", tuned)) for i, v in enumerate(vs)
        ]
        found = row_of(pair, "difference")
        outside.append((found.low or 0) > 0)
    assert 70 <= coverage(outside) <= 92


def test_student_is_the_published_table_beyond_ours() -> None:
    assert [student(n) for n in (11, 15, 20, 30, 60)] == pytest.approx([2.201, 2.131, 2.086, 2.042, 2.000], abs=3e-3)
    assert student(10) > student(11)
