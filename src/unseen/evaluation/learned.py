"""BLEURT as a metric: a value that a model gives, after everything was asked, and not a function of texts alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from unseen.evaluation.prediction import Prediction

BLEURT = "bleurt"


class Judge(Protocol):
    """What gives each pair of a reference and a hypothesis a score of about 0 to 1."""

    def scores(self, references: Sequence[str], hypotheses: Sequence[str]) -> list[float]: ...


def pairs_of(predictions: Sequence[Prediction]) -> tuple[list[str], list[str]]:
    """References and hypotheses of all predictions that were generated, each reference once with its prediction."""
    generated = [each for each in predictions if each.kind == "generate"]
    return (
        [reference for each in generated for reference in each.references],
        [each.text for each in generated for _ in each.references],
    )


def with_bleurt(predictions: Sequence[Prediction], judge: Judge) -> list[Prediction]:
    """The predictions, those that were generated with the metric `bleurt`: 100 times the best over their references.

    Equal pairs are judged once.
    """
    pairs = list(dict.fromkeys(zip(*pairs_of(predictions), strict=True)))
    found = dict(zip(pairs, judge.scores([pair[0] for pair in pairs], [pair[1] for pair in pairs]), strict=True))

    def judged(each: Prediction) -> Prediction:
        if each.kind != "generate":
            return each
        best = 100.0 * max(found[reference, each.text] for reference in each.references)
        return replace(each, metrics=(*each.metrics, BLEURT), values={**each.values, BLEURT: best})

    return [judged(each) for each in predictions]
