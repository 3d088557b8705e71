"""Whether what the stored predictions are worth, and the scores, follow from what was answered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from unseen.ask.question import Answer, Scoring
from unseen.ask.ranking import ranking_scores
from unseen.errors import ScoreMistake
from unseen.evaluation.learned import BLEURT
from unseen.evaluation.metrics import ROW_METRICS, row_value
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import read_predictions
from unseen.study.scoring import scores_of, unclean_and_void
from unseen.study.verify.outcome import Check, Difference, compared, judged

WITHIN = 1e-9


def stored_predictions(folder: Path) -> list[Prediction]:
    return list(read_predictions(folder / "predictions.parquet"))


def check_scores(folder: Path, record: Mapping[str, Any], predictions: Sequence[Prediction]) -> Check:
    """scores.json and the record's summary, computed again from predictions.parquet."""
    scores, summary = scores_of(predictions, *unclean_and_void(record), record["recipe"]["seed"])
    stored = _scores_in(folder / "scores.json")
    again, summed = json.loads(json.dumps([scores, summary]))
    told = f"{len(stored)} scores from {len(predictions)} predictions, and the record's summary"
    differences = [
        *compared(stored, again, "scores.json", WITHIN),
        *compared(record["summary"], summed, "record.json: summary", WITHIN),
    ]
    return judged("scores", told, differences)


def check_judgements(stored: Sequence[Prediction], scoring: Scoring) -> Check:
    """Whether what was chosen ranks highest, and every value is its metric's of the stored answer."""
    told = f"{len(stored)} answers have the values that their metrics give"
    return judged("judgements", told, (found for each in stored for found in _misjudged(each, scoring)))


def _misjudged(stored: Prediction, scoring: Scoring) -> Iterator[Difference]:
    values = {
        metric: row_value(metric, stored.text, stored.references) for metric in stored.metrics if metric in ROW_METRICS
    }
    values |= {name: value for name, value in stored.values.items() if name == BLEURT}  # a model's, taken as stored
    yield from compared(dict(stored.values), values, f"{told_of(stored)}: values", 1e-9)
    if stored.chosen is None:
        return
    answer = Answer(stored.text, stored.chosen, stored.log_probs, stored.lengths, stored.unconditional)
    scores = ranking_scores(answer, scoring)
    best = max(range(len(scores)), key=lambda option: scores[option])
    yield from compared(stored.chosen, best, f"{told_of(stored)}: chosen")
    yield from compared(stored.text, stored.choices[stored.chosen], f"{told_of(stored)}: text")


def told_of(prediction: Prediction) -> str:
    """Which prediction it is, for a reader."""
    more = f", {prediction.shots} shots" if prediction.shots else ""
    return f"{prediction.model} on {prediction.task}|{prediction.template}|{prediction.split}/{prediction.row}{more}"


def _scores_in(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScoreMistake(str(path), f"cannot be read ({error})", "bring it back") from None
