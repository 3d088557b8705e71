"""Which rows of a task are asked: a seeded draw from rows that nothing was tuned on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from unseen.data.dataset import ALL, Row
from unseen.data.rows import is_unlabelled
from unseen.evaluation.exemplars import RowsOf
from unseen.evaluation.prediction import Side
from unseen.task.seeds import generator
from unseen.task.task import Task
from unseen.task.variants import base_name

Counts = Counter[tuple[str, str]]  # (task, reason) -> rows or questions left out
Allowed = Callable[[Task, Row], bool]

MEETS = "rows that meet one tuned on"

# A seen task's train rows may have been tuned on; of an unseen task nothing was, so one whose splits are our own deal
# (`ALL`) is asked any of its rows.
SPLITS: dict[Side, tuple[str, ...]] = {"seen": ("test", "validation"), "unseen": (ALL, "test", "validation", "train")}


@dataclass(frozen=True, slots=True)
class AskedRows:
    """The rows of one split of a task that are asked, in the order of the split."""

    split: str
    rows: tuple[Row, ...]


def asked_split(task: Task, side: Side, rows_of: RowsOf) -> str | None:
    """The first split of `SPLITS` that has a labelled row: what is asked, and so what a hold-out must compare.

    (The test splits of GLUE are unlabelled.) Where none has, the first that is there; None without any.
    """
    there = [split for split in SPLITS[side] if split in task.dataset.splits]
    labelled = (s for s in there if any(not is_unlabelled(task.dataset, row) for row in rows_of(task, s)))
    return next(labelled, there[0] if there else None)


def asked_rows(
    task: Task, side: Side, most: int | None, seed: int, rows_of: RowsOf, allowed: Allowed, counts: Counts
) -> AskedRows | None:
    """At most `most` rows (None for all) of the asked split that are labelled and allowed.

    None where there is no such row, which is counted. The draw depends on the seed and the dataset only: every
    template, model, shot and variant of the task is asked the same rows.
    """
    split = asked_split(task, side, rows_of)
    if split is not None:
        rows = rows_of(task, split)
        order = generator(seed, "rows", base_name(task.name)).permutation(len(rows))
        chosen = sorted(islice(_usable(task, rows, order.tolist(), allowed, counts), most))
        if chosen:
            return AskedRows(split, tuple(rows[place] for place in chosen))
    counts[task.name, f"no rows to ask on the {side} side"] += 1
    return None


def _usable(task: Task, rows: Sequence[Row], order: Sequence[int], allowed: Allowed, counts: Counts) -> Iterator[int]:
    for place in order:
        row = rows[place]
        if is_unlabelled(task.dataset, row):
            counts[task.name, "unlabelled rows"] += 1
        elif not allowed(task, row):
            counts[task.name, MEETS] += 1
        else:
            yield place
