"""Corpus-level metrics, BLEU and chrF, through sacrebleu.

A corpus score is no mean over rows, but a function of counts summed over rows. Keeping the counts of each row apart
lets intervals resample rows without reading the texts again. The counts come from sacrebleu's own (underscored)
methods; a test holds their sum equal to its public `corpus_score`.

BLEU counts words, so it must know where they end. Where most letters of all references together are of a script without
spaces, sacrebleu's tokeniser `zh` cuts Chinese and `char` everything else (Japanese, Thai, Khmer, ...): every character
is a word. chrF counts characters of any script as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.evaluation.scripts import letters_of

Floats = NDArray[np.float64]
KANA_OF_JAPANESE = 10  # Japanese has about two kana to a Chinese character; Chinese text quotes one now and then


@dataclass(frozen=True)
class CorpusMetric:
    """`statistics` gives counts [rows, k]; `of_sum` the score, 0..100, of their sum [k]."""

    name: str

    @cached_property
    def judge(self) -> Any:
        return self._judge("13a")

    def _judge(self, tokenizer: str) -> Any:
        from sacrebleu.metrics import BLEU, CHRF

        return BLEU(force=True, tokenize=tokenizer) if self.name == "bleu" else CHRF()

    def statistics(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Floats:
        tokenizer = tokenizer_for(references)
        judge = self.judge if tokenizer == "13a" else self._judge(tokenizer)
        counts = judge._extract_corpus_statistics(predictions, streams(references))
        return np.array(counts, dtype=np.float64)

    def of_sum(self, counts: Floats) -> float:
        return float(self.judge._compute_score_from_stats([round(count) for count in counts]).score)


def tokenizer_for(references: Sequence[Sequence[str]]) -> str:
    """sacrebleu's tokeniser for references of one corpus: `13a`, `zh` or `char`."""
    letters = letters_of(text for row in references for text in row)
    if 2 * (letters.han + letters.other) <= letters.all:
        return "13a"
    return "zh" if letters.han > KANA_OF_JAPANESE * letters.other else "char"


def streams(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """References by position, as sacrebleu wants them; rows with fewer of them hold None in the later ones."""
    most = max(map(len, references))
    return [[row[i] if i < len(row) else None for row in references] for i in range(most)]


CORPUS_METRICS: Mapping[str, CorpusMetric] = MappingProxyType({name: CorpusMetric(name) for name in ("bleu", "chrf")})
