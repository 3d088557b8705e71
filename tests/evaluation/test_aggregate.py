"""Scores from predictions: the file's shape, what is kept apart, and that models are compared on the same rows."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import sacrebleu

from unseen.evaluation.aggregate import aggregate
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.task_scores import ScoreRow
from unseen.study.scoring import score_predictions

KEYS = ["task", "template", "side", "model", "shots", "seed", "metric", "score", "low", "high", "count", "detectable"]


def prediction(task: str, template: str, row: int, model: str, right: bool, **other: object) -> Prediction:
    correct = row % 2
    chosen = correct if right else 1 - correct
    made = Prediction(
        task=task,
        template=template,
        split="test",
        row=row,
        side="unseen",
        model=model,
        shots=0,
        seed=0,
        kind="choose",
        plain=False,
        prompt=f"Row {row}?",
        text=("no", "yes")[chosen],
        references=(("no", "yes")[correct],),
        metrics=("accuracy",),
        values={"accuracy": 100.0 * right},
        choices=("no", "yes"),
        correct=correct,
        chosen=chosen,
        log_probs=(-1.0, -2.0),
        lengths=(1, 1),
        margin=1.0,
    )
    return replace(made, **other)  # type: ignore[arg-type]


def evaluation(tasks: tuple[str, ...] = ("nli/a", "nli/b"), rows: int = 40) -> list[Prediction]:
    drawn = random.Random(7)
    shares = {"base": (0.4, 0.5, 0.6), "tuned": (0.7, 0.8, 0.9)}
    return [
        prediction(task, f"t{place}", row, model, drawn.random() < share)
        for task in tasks
        for model, each in shares.items()
        for place, share in enumerate(each)
        for row in range(rows)
    ]


def find(scores: tuple[ScoreRow, ...], **wanted: object) -> ScoreRow:
    [found] = [row for row in scores if all(getattr(row, key) == value for key, value in wanted.items())]
    return found


def accuracy(predictions: list[Prediction], **wanted: object) -> float:
    right = [p.values["accuracy"] for p in predictions if all(getattr(p, k) == v for k, v in wanted.items())]
    return sum(right) / len(right)


def test_scores_json_is_as_design_describes(tmp_path: Path) -> None:
    score_predictions(tmp_path, evaluation(), {}, (), 0)
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert all(list(row) == KEYS for row in scores)
    assert {row["model"] for row in scores} == {"base", "tuned", "difference"}
    assert {row["side"] for row in scores} == {"unseen"}
    assert [row["task"] for row in scores if row["task"] is None] == [None] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["scores.json"]


def test_a_task_is_its_median_template_and_a_side_the_mean_of_its_tasks() -> None:
    predictions = evaluation()
    scores = aggregate(predictions).scores
    medians = []
    for task in ("nli/a", "nli/b"):
        by_template = [accuracy(predictions, task=task, model="base", template=f"t{place}") for place in range(3)]
        assert [find(scores, task=task, model="base", template=f"t{p}").score for p in range(3)] == pytest.approx(
            by_template
        )
        medians.append(sorted(by_template)[1])
        assert find(scores, task=task, model="base", template=None).score == pytest.approx(medians[-1])
    assert find(scores, task=None, model="base").score == pytest.approx(sum(medians) / 2)


def test_a_difference_is_tuned_minus_base_and_pairing_makes_it_sharper() -> None:
    predictions = evaluation()
    scores = aggregate(predictions).scores
    for template in ("t0", None):
        base, tuned, difference = (
            find(scores, task="nli/a", template=template, model=model) for model in ("base", "tuned", "difference")
        )
        assert difference.score == pytest.approx(tuned.score - base.score)
        assert difference.low is not None and difference.low > 0
    alike = [replace(each, model="tuned") for each in predictions if each.model == "base"]
    pair = [each for each in predictions if each.model == "base"] + alike
    paired = find(aggregate(pair).scores, task="nli/a", template="t0", model="difference")
    single = find(aggregate(pair).scores, task="nli/a", template="t0", model="base")
    assert paired.score == 0
    assert 0 < (paired.high or 0) - (paired.low or 0) < 0.6 * ((single.high or 0) - (single.low or 0))
    assert 0 < (paired.detectable or 0) < 0.6 * (single.detectable or 0)


def test_the_order_of_predictions_and_of_other_tasks_changes_nothing() -> None:
    predictions = evaluation()
    shuffled = random.Random(1).sample(predictions, len(predictions))
    key = lambda row: tuple(str(getattr(row, name)) for name in KEYS[:7])  # noqa: E731
    again, first = (sorted(aggregate(each).scores, key=key) for each in (shuffled, predictions))
    assert [key(row) for row in again] == [key(row) for row in first]
    assert [row.score for row in again] == pytest.approx([row.score for row in first])
    alone = aggregate([each for each in predictions if each.task == "nli/a"]).scores
    assert [row for row in alone if row.task] == [row for row in aggregate(predictions).scores if row.task == "nli/a"]


def test_one_cluster_says_something_of_new_rows_but_nothing_of_new_tasks() -> None:
    summary = aggregate(evaluation())
    row = find(summary.scores, task=None, model="tuned")
    [across] = [each for each in summary.across if each.model == "tuned"]
    assert across.new_tasks is None and "one cluster (nli)" in across.why_not
    assert (row.low, row.high, row.detectable) == (
        across.new_rows.low,
        across.new_rows.high,
        across.new_rows.detectable,
    )
    assert across.new_rows.low < row.score < across.new_rows.high


def test_tasks_of_several_clusters_give_an_interval_for_new_tasks_that_is_the_wider_one() -> None:
    summary = aggregate(evaluation(("nli/a", "nli/b", "topic/c", "coref/d")))
    [across] = [each for each in summary.across if each.model == "difference"]
    assert across.new_tasks is not None and across.why_not == ""
    rows, tasks = (each.high - each.low for each in (across.new_rows, across.new_tasks))
    assert tasks > rows
    row = find(summary.scores, task=None, model="difference")
    assert (row.low, row.high) == (across.new_rows.low, across.new_rows.high)


def test_the_median_over_one_template_is_that_template() -> None:
    made = [prediction("nli/a", "only", row, "base", row == 0) for row in range(4)]
    scores = aggregate(made).scores
    one, median = (find(scores, task="nli/a", template=name, model="base") for name in ("only", None))
    assert (one.score, one.low, one.high) == (median.score, median.low, median.high)


def test_spread_over_templates_is_told_as_quartiles() -> None:
    made = [
        prediction("nli/a", f"t{place}", row, "base", row < right)
        for place, right in enumerate((10, 20, 30, 40, 50))
        for row in range(100)
    ]
    [spread] = aggregate(made).spreads
    assert (spread.lower, spread.median, spread.upper, spread.templates) == (20, 30, 40, 5)


def test_plain_prompts_of_the_base_model_are_scored_apart_and_compared_too() -> None:
    plainly = [prediction("nli/a", "plain", row, "base", row < 30, plain=True) for row in range(40)]
    scores = aggregate(evaluation(("nli/a",)) + plainly).scores
    assert find(scores, model="base_plain", template="plain").score == 75
    tuned = find(scores, task="nli/a", model="tuned", template=None).score
    assert find(scores, task="nli/a", model="difference_plain", template=None).score == pytest.approx(tuned - 75)
    assert find(scores, task="nli/a", model="base", template=None).score < 75


def test_seeds_are_scored_one_by_one_and_together() -> None:
    asked = [
        prediction("nli/a", "t0", row, "base", row < right, shots=2, seed=seed)
        for seed, right in ((0, 10), (1, 30))
        for row in range(40)
    ]
    scores = aggregate(asked).scores
    one, other, both = (find(scores, task="nli/a", template=None, seed=seed) for seed in (0, 1, None))
    assert (one.score, other.score, both.score) == (25, 75, 50)
    assert (both.high or 0) - (both.low or 0) > (one.high or 0) - (one.low or 0)  # seeds are resampled too


def test_a_collapsed_model_and_the_baselines_are_seen() -> None:
    always_yes = [prediction("nli/a", "t0", row, "base", row % 2 == 1) for row in range(9)]
    summary = aggregate(always_yes)
    [labels] = summary.labels
    assert (labels.chosen, labels.largest) == ((0.0, 1.0), 1.0)
    assert labels.right == pytest.approx((5 / 9, 4 / 9))
    [baseline] = summary.baselines
    assert (baseline.chance, baseline.majority, baseline.count) == (50, pytest.approx(500 / 9), 9)


def test_a_label_in_a_dictionary_has_its_majority_baseline() -> None:
    """Two rows of three say no; asked twice they count once, and a wording that wants no dictionary has no label."""
    metrics = ("python_dict", "last_value")
    said = ["{'thought': 'x', 'urgent': 'no'}", "{'thought': 'y', 'urgent': 'No'}", "{'thought': 'z', 'urgent': 'yes'}"]
    asked = [
        prediction("a/b", template, row, "tuned", True, kind="generate", correct=None, metrics=metrics,
                   references=(said[row],), values=dict.fromkeys(metrics, 0.0), choices=())
        for template, rows in (("t0", (0, 1, 2)), ("t1", (0, 1)))
        for row in rows
    ]  # fmt: skip
    forbidden = replace(asked[2], template="t2", references=("None",), row=3)
    plain = prediction("nli/a", "t0", 0, "tuned", True)
    [found] = aggregate([*asked, forbidden, plain]).label_baselines
    assert (found.task, found.side, found.metric, found.count) == ("a/b", "unseen", "last_value", 3)
    assert found.majority == pytest.approx(200 / 3)


def test_narrow_margins_and_cut_prompts_are_counted() -> None:
    made = evaluation(("nli/a",), rows=5)
    made[0], made[1] = replace(made[0], margin=5e-5), replace(made[1], margin=None, cut=True)
    summary = aggregate(made)
    assert (summary.predictions, summary.narrow, summary.cut) == (30, 1, 1)


def test_corpus_metrics_are_taken_over_the_corpus_and_resampled_by_rows() -> None:
    generated = {"kind": "generate", "metrics": ("bleu", "chrf"), "values": {}, "choices": (), "margin": None}
    said = [
        prediction("qa/t", "t0", row, "base", True, **generated, text=f"the cat number {row} sat on the red mat")
        for row in range(30)
    ]
    said = [replace(each, references=(each.text.replace("the red", "a red"),)) for each in said]
    said[0] = replace(said[0], text="nothing like it")
    scores = aggregate(said).scores
    texts, references = [each.text for each in said], [[each.references[0] for each in said]]
    bleu, chrf = (find(scores, template="t0", metric=metric) for metric in ("bleu", "chrf"))
    assert bleu.score == pytest.approx(sacrebleu.corpus_bleu(texts, references).score)
    assert chrf.score == pytest.approx(sacrebleu.corpus_chrf(texts, references).score)
    assert bleu.low is not None and bleu.low < bleu.score < (bleu.high or 0)
    nothing = find(aggregate([replace(each, text="") for each in said]).scores, template="t0", metric="bleu")
    assert (nothing.score, nothing.low, nothing.high) == (0, None, None)
