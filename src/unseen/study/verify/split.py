"""Whether the two sides are apart as the record says, by proving it again, and whether nothing asked was tuned on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from unseen.evaluation.prediction import Prediction
from unseen.study.facts import new_record
from unseen.study.prepare import Prepared
from unseen.study.verify.outcome import Check, Difference, compared, judged
from unseen.task.task import Task
from unseen.task.variants import base_name

PROVED = ("tasks", "hold_out", "seen_side", "model")
RowName = tuple[str, str, int]  # cluster/dataset, split, number of the row


def check_split(record: Mapping[str, Any], prepared: Prepared) -> Check:
    """The tasks of both sides, both hold-out proofs and what the start model was tuned on, field by field."""
    now = json.loads(json.dumps(new_record(prepared)))
    level = (record["hold_out"] or {}).get("level")
    told = f"proved again at level {level}" if level else "one side, nothing to hold out"
    fields = [difference for name in PROVED for difference in compared(record[name], now[name], name)]
    return judged("split", told, fields)


def check_rows(prepared: Prepared, predictions: Sequence[Prediction]) -> Check:
    """Whether no row that was asked, on either side, is one that was tuned on."""
    tuned = set(tuned_rows(prepared))
    asked = {(base_name(each.task), each.split, each.row): each for each in predictions}
    told = f"{len(asked)} rows were asked, none of them among the {len(tuned)} tuned on"
    met = [Difference(f"{name} {split}/{row}", "not tuned on", "tuned on") for name, split, row in asked.keys() & tuned]
    return judged("asked rows", told, sorted(met, key=lambda each: each.where))


def tuned_rows(prepared: Prepared) -> Iterator[RowName]:
    """Every row that the mixture may draw from."""
    for task in prepared.tuned_on:
        yield from _rows_of(prepared, task)


def _rows_of(prepared: Prepared, task: Task) -> Iterator[RowName]:
    rows = prepared.rows(task, "train")
    for place in prepared.seen_rows.tune[task.name]:
        yield task.dataset.task, "train", rows[int(place)].index
