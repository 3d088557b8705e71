"""Corpus-level metrics, BLEU and chrF, through sacrebleu.

A corpus score is no mean over rows, but a function of counts summed over rows. Keeping the counts of each row apart
lets intervals resample rows without reading the texts again. The counts come from sacrebleu's own (underscored)
methods; a test holds their sum equal to its public `corpus_score`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CorpusMetric:
    """`statistics` gives counts [rows, k]; `of_sum` the score, 0..100, of their sum [k]."""

    name: str

    @cached_property
    def judge(self) -> Any:
        from sacrebleu.metrics import BLEU, CHRF

        return BLEU(force=True) if self.name == "bleu" else CHRF()

    def statistics(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Floats:
        counts = self.judge._extract_corpus_statistics(predictions, streams(references))
        return np.array(counts, dtype=np.float64)

    def of_sum(self, counts: Floats) -> float:
        return float(self.judge._compute_score_from_stats([round(count) for count in counts]).score)


def streams(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """References by position, as sacrebleu wants them; rows with fewer of them hold None in the later ones."""
    most = max(map(len, references))
    return [[row[i] if i < len(row) else None for row in references] for i in range(most)]


CORPUS_METRICS: Mapping[str, CorpusMetric] = MappingProxyType({name: CorpusMetric(name) for name in ("bleu", "chrf")})
