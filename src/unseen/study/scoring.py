"""scores.json of a run, and the summary that its report shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from unseen.evaluation.aggregate import aggregate
from unseen.evaluation.prediction import Prediction
from unseen.study.record import write_json
from unseen.task.variants import base_name

CLEAN = "unseen_clean"  # side of the scores over unseen rows that share no text with the seen side


def score_predictions(
    folder: Path,
    predictions: Sequence[Prediction],
    unclean: Mapping[str, Sequence[int]],
    void: Collection[str],
    seed: int,
) -> dict[str, Any]:
    """Write `scores.json` in `folder`, and give the rest of the summary as JSON values; see `scores_of`."""
    scores, summary = scores_of(predictions, unclean, void, seed)
    write_json(folder / "scores.json", scores)
    return summary


def scores_of(
    predictions: Sequence[Prediction], unclean: Mapping[str, Sequence[int]], void: Collection[str], seed: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What `scores.json` holds, and the rest of the summary, as JSON values.

    `unclean` holds, by dataset, the unseen rows that share text with the seen side; where there are any, the unseen
    tasks are scored once more without them, under the side `unseen_clean`. The unseen tasks named in `void`, which the
    start model was tuned on, keep their own lines and are left out of the means over tasks.
    """
    summary = aggregate(predictions, seed)
    if void:
        sound = aggregate([p for p in predictions if p.side == "seen" or p.task not in void], seed)
        own = tuple(row for row in summary.scores if row.task is not None)
        means = tuple(row for row in sound.scores if row.task is None)
        summary = replace(summary, scores=(*means, *own), across=sound.across)
    scores = [row.to_json() for row in summary.scores]
    if unclean:
        dirty = {name: frozenset(rows) for name, rows in unclean.items()}
        clean = [p for p in predictions if p.side == "unseen" and p.row not in dirty.get(base_name(p.task), ())]
        scores += [row.to_json() | {"side": CLEAN} for row in aggregate(clean, seed).scores]
    return scores, {name: value for name, value in asdict(summary).items() if name != "scores"}


def unclean_and_void(record: Mapping[str, Any]) -> tuple[Mapping[str, Sequence[int]], Collection[str]]:
    """The `unclean` and `void` of `scores_of`, as a record has them."""
    hold_out = record["hold_out"] or {}
    unclean = hold_out["unclean_unseen"] if hold_out.get("overlap") == "clean_subset" else {}
    return unclean, [task for task, on in record["model"]["conflicts"].items() if not isinstance(on, str)]
