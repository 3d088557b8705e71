"""Predictions as arrays: one block for a model on a task, its templates side by side over the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unseen.evaluation.intervals import Floats
from unseen.evaluation.metrics import corpus_metric, row_value
from unseen.evaluation.prediction import Prediction

RowId = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Statistics [rows, templates, k] of which a score is made, zero where a template was not asked of a row.

    For a mean over rows k is 2: the value 0..100, and 1 for its presence. For a corpus metric they are its counts.
    """

    metric: str
    templates: tuple[str, ...]
    statistics: Floats
    present: NDArray[np.bool_]  # [rows, templates]

    @property
    def flat(self) -> Floats:
        """[rows, templates * k], for products with weights."""
        return self.statistics.reshape(len(self.statistics), -1)

    def scores(self, sums: Floats) -> Floats:
        """Scores [n, templates], 0..100, of sums [n, templates * k]; NaN where a template has no row."""
        apart = sums.reshape(len(sums), len(self.templates), -1)
        corpus = corpus_metric(self.metric)
        if corpus is None:
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.asarray(apart[..., 0] / apart[..., 1])
        return np.array([[corpus.of_sum(each) for each in row] for row in apart])

    @property
    def totals(self) -> Floats:
        """Scores [templates] over all rows."""
        return np.asarray(self.scores(self.flat.sum(axis=0)[None])[0])

    @property
    def is_mean(self) -> bool:
        return corpus_metric(self.metric) is None

    @property
    def values(self) -> Floats:
        """Values [rows, templates] of a mean over rows, NaN where absent."""
        return np.where(self.present, self.statistics[..., 0], np.nan)

    @property
    def is_right_or_wrong(self) -> bool:
        """Whether every value is 0 or 100."""
        return self.is_mean and bool(np.isin(self.statistics[..., 0], (0.0, 100.0)).all())


def block_of(predictions: Sequence[Prediction], metric: str, rows: Mapping[RowId, int]) -> Block:
    """The block of one model, task, shots and seed; `rows` numbers all rows of the task, those of other models too."""
    templates = tuple(dict.fromkeys(each.template for each in predictions))
    places = [(rows[each.row_id], templates.index(each.template)) for each in predictions]
    found = _statistics(predictions, metric)
    statistics = np.zeros((len(rows), len(templates), found.shape[1]))
    present = np.zeros((len(rows), len(templates)), dtype=bool)
    where = tuple(np.array(places).T)
    statistics[where] = found
    present[where] = True
    return Block(metric, templates, statistics, present)


def block_of_texts(metric: str, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Block:
    """The block of predictions that come from no template of ours."""
    found = _counts(metric, predictions, references)
    if found is None:
        pairs = zip(predictions, references, strict=True)
        found = np.array([(row_value(metric, said, wanted), 1.0) for said, wanted in pairs])
    return Block(metric, ("",), found[:, None], np.ones((len(found), 1), dtype=bool))


def rows_of(block: Block, rows: Sequence[int]) -> Block:
    """The part of a block that holds `rows`."""
    return replace(block, statistics=block.statistics[rows], present=block.present[rows])


def bundled(block: Block, most: int, random: np.random.Generator) -> Block:
    """At most `most` rows: sums of rows dealt at random. Resampling them costs less and varies as much."""
    if len(block.statistics) <= most:
        return block
    sums = np.zeros((most, *block.statistics.shape[1:]))
    np.add.at(sums, random.permutation(len(block.statistics)) % most, block.statistics)
    return replace(block, statistics=sums, present=np.ones(sums.shape[:2], dtype=bool))


def _statistics(predictions: Sequence[Prediction], metric: str) -> Floats:
    counts = _counts(metric, [each.text for each in predictions], [each.references for each in predictions])
    return np.array([(each.values[metric], 1.0) for each in predictions]) if counts is None else counts


def _counts(metric: str, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Floats | None:
    corpus = corpus_metric(metric)
    return None if corpus is None else corpus.statistics(predictions, references)


def median(scores: Floats) -> Floats:
    """Median over templates, the last axis, of those that have a score."""
    return np.asarray(np.nanmedian(scores, axis=-1))
