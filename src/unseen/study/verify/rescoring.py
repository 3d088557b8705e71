"""Whether the scores follow from the stored predictions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unseen.errors import ScoreMistake
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import read_predictions
from unseen.study.scoring import scores_of, unclean_and_void
from unseen.study.verify.outcome import Check, compared, judged

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


def _scores_in(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScoreMistake(str(path), f"cannot be read ({error})", "bring it back") from None
