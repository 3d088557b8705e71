"""What the models of a finished arm answered, as blocks of values by task: all that a verdict needs of a run folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from unseen.evaluation.blocks import Block, RowId, block_of
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import read_judged
from unseen.study.scoring import CLEAN
from unseen.task.variants import base_name

Key = tuple[str, str, int]  # model ("base" or "tuned"), task, seed of the exemplar draw
NO_DRAW = -1  # stands for that seed where no exemplars were drawn


@dataclass(frozen=True, eq=False)
class TaskBlock:
    """A block with the rows that it is over, and its template names."""

    rows: tuple[RowId, ...]
    block: Block


@dataclass(frozen=True, eq=False)
class Answers:
    """Blocks of one run, by model, task and seed of the exemplar draw, on one side at one number of shots.

    `digests` tells by task which rows they are of; `void` names the tasks that the start model was tuned on before,
    `unknown` says that nobody knows what it was tuned on.
    """

    blocks: Mapping[Key, TaskBlock]
    digests: Mapping[str, str]
    void: frozenset[str]
    unknown: bool
    level: str | None
    tuned: bool

    @property
    def last(self) -> str:
        """The model that the run ends with: the tuned one, or the one that was only asked."""
        return "tuned" if any(model == "tuned" for model, *_ in self.blocks) else "base"

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(task for _, task, _ in self.blocks))

    def draws(self, model: str, task: str) -> dict[int, TaskBlock]:
        """The blocks of a model on a task, by seed of the exemplar draw."""
        return {seed: b for (name, about, seed), b in self.blocks.items() if (name, about) == (model, task)}


def answers_of(folder: Path, record: Mapping[str, Any], side: str, metric: str, shots: int) -> Answers:
    """Read a finished run's answers on a side. `metric` `first` is each task's own first one; tasks without the metric
    have no answers. Side `unseen_clean` is the unseen rows that share no text with the seen side."""
    found = read_judged(folder / "predictions.parquet", "seen" if side == "seen" else "unseen", shots)
    if side == CLEAN:
        dirty = {
            name: frozenset(rows) for name, rows in ((record["hold_out"] or {}).get("unclean_unseen") or {}).items()
        }
        found = (each for each in found if each.row not in dirty.get(base_name(each.task), ()))
    conflicts = record["model"]["conflicts"]
    blocks, splits = _blocks(found, metric)
    return Answers(
        blocks=blocks,
        digests={task: record.get("rows", {}).get(f"{base_name(task)}/{split}", "") for task, split in splits.items()},
        void=frozenset(task for task, on in conflicts.items() if not isinstance(on, str))
        if side != "seen"
        else frozenset(),
        unknown=side != "seen" and "unknown" in conflicts.values(),
        level=(record.get("hold_out") or {}).get("level"),
        tuned=bool(record.get("training")),
    )


def _blocks(predictions: Iterable[Prediction], metric: str) -> tuple[dict[Key, TaskBlock], dict[str, str]]:
    groups: dict[Key, list[Prediction]] = {}
    rows: dict[str, dict[RowId, int]] = {}
    splits: dict[str, str] = {}
    for each in predictions:
        if metric != "first" and metric not in each.metrics:
            continue
        known = rows.setdefault(each.task, {})
        known.setdefault(each.row_id, len(known))
        splits.setdefault(each.task, each.split)
        groups.setdefault((each.model, each.task, each.seed if each.shots else NO_DRAW), []).append(each)
    blocks = {}
    for key, found in groups.items():
        wanted = found[0].metrics[0] if metric == "first" else metric
        blocks[key] = TaskBlock(tuple(rows[key[1]]), block_of(found, wanted, rows[key[1]]))
    return blocks, splits


def aligned(found: Sequence[TaskBlock]) -> list[Block]:
    """The blocks over the same rows, those of any of them; rows that a block lacks are absent in it."""
    if len({each.rows for each in found}) == 1:
        return [each.block for each in found]
    places = {row: place for place, row in enumerate(dict.fromkeys(row for each in found for row in each.rows))}
    return [_placed(each, places) for each in found]


def _placed(found: TaskBlock, places: Mapping[RowId, int]) -> Block:
    where = [places[row] for row in found.rows]
    statistics = np.zeros((len(places), *found.block.statistics.shape[1:]))
    present = np.zeros((len(places), found.block.present.shape[1]), dtype=bool)
    statistics[where], present[where] = found.block.statistics, found.block.present
    return replace(found.block, statistics=statistics, present=present)
