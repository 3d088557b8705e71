"""The rule by which a study decides, its words, and what it takes over templates."""

from __future__ import annotations

import numpy as np
import pytest

from unseen.evaluation.blocks import Block
from unseen.study.answers import NO_DRAW, Answers, TaskBlock
from unseen.study.compare import pair_seeds
from unseen.study.estimate import Estimate
from unseen.study.observe import Term, observe
from unseen.study.rule import Rule, over_templates, rule_of
from unseen.study.verdict import word_for


def estimated(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 1.0, 5.0, 0.5, "tasks", 3, 4, 1, 100)


@pytest.mark.parametrize(
    ("low", "high", "p", "word"),
    [(1.0, 9.0, 0.01, "better"), (-9.0, -1.0, 0.05, "worse"), (-1.5, 1.9, 0.9, "no difference"),
     (0.1, 1.9, 0.001, "no difference"), (-1.0, 3.0, 0.3, "not decidable"), (0.5, 9.0, 0.06, "not decidable"),
     (0.0, 0.0, 1.0, "not decidable")],
)  # fmt: skip
def test_the_word_follows_the_rule_that_was_given(low: float, high: float, p: float, word: str) -> None:
    assert word_for(estimated(low, high), p, Rule(smallest=2.0, level=0.05)) == word


def test_a_spread_is_wider_or_narrower() -> None:
    assert word_for(estimated(3.0, 9.0), 0.001, Rule(of="iqr")) == "wider"
    assert word_for(estimated(-9.0, -3.0), 0.001, Rule(of="range")) == "narrower"


def test_seeds_are_paired_by_number_then_in_order() -> None:
    assert pair_seeds([0, 1, 2], [2, 0, 5]) == [(0, 0), (2, 2), (1, 5)]
    assert pair_seeds([0, 1], [3]) == [(0, 3)]


def test_the_rule_is_what_the_study_says() -> None:
    found = rule_of({"measure": {"of": "iqr", "metric": "rouge_l"}, "decision": {"smallest": 5.0, "level": 0.1}})
    assert (found.of, found.metric, found.smallest, found.level) == ("iqr", "rouge_l", 5.0, 0.1)


def test_seeds_that_were_asked_other_rows_still_have_replicates() -> None:
    """With a row each, half of the draws of rows hold none of a seed's."""

    def answers(row: int, value: float) -> Answers:
        block = Block("rouge_l", ("t",), np.array([[[value, 1.0]]]), np.ones((1, 1), dtype=bool))
        blocks = {("tuned", "c/x", NO_DRAW): TaskBlock((("test", row),), block)}
        return Answers(blocks, {"c/x": ""}, frozenset(), False, None, True)

    sums = [(Term(answers(0, 10.0), "tuned"),), (Term(answers(1, 30.0), "tuned"),)]
    found = observe(sums, ["median"]).of("median")
    assert found is not None
    assert np.isfinite(found.replicates).all()
    assert found.values.ravel().tolist() == [10.0, 30.0]


def test_statistics_over_templates_pass_over_those_not_asked() -> None:
    scores = np.array([[0.0, 40.0, np.nan, 100.0]])
    assert over_templates(scores, "median")[0] == 40.0
    assert over_templates(scores, "mean")[0] == pytest.approx(140 / 3)
    assert over_templates(scores, "range")[0] == 100.0
    assert over_templates(np.array([[0.0, 10.0, 20.0, 30.0, 40.0]]), "iqr")[0] == 20.0
