"""Which word of one language stands for which of another: IBM model 1, by expectation maximisation.

Brown, Della Pietra, Della Pietra and Mercer 1993: every target word of a sentence is produced by one of its source
words, each as likely as the others, with probability t(target | source). Where words stand does not matter. There is no
empty source word here. The start is uniform, so that no seed decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
ROUNDS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Every source word beside every target word of its sentence. `pair` [links] numbers the kinds of pairs, of
    `source` and `target` words [pairs]; `place` [links] numbers the places of the whole target text."""

    source: Ids
    target: Ids
    pair: Ids
    place: Ids


def translation_probabilities(
    sentences: Sequence[tuple[Sequence[str], Sequence[str]]], rounds: int = ROUNDS
) -> dict[tuple[str, str], float]:
    """t(target | source) by (source, target), of words that meet in a sentence, after `rounds` rounds.

    `sentences` are pairs of the words of a sentence and of its translation; those with an empty side say nothing.
    """
    full = [(source, target) for source, target in sentences if source and target]
    if not full:
        return {}
    sources, targets = _numbers(pair[0] for pair in full), _numbers(pair[1] for pair in full)
    links = _links([(_ids(source, sources), _ids(target, targets)) for source, target in full])
    found = _maximised(links, rounds)
    words = [*sources], [*targets]
    pairs = zip(links.source.tolist(), links.target.tolist(), found.tolist(), strict=True)
    return {(words[0][source], words[1][target]): value for source, target, value in pairs}


def _maximised(links: Links, rounds: int) -> NDArray[np.float64]:
    """t [pairs]."""
    table = np.ones(len(links.source))
    for _ in range(rounds):
        shares = table[links.pair]
        shares /= np.bincount(links.place, shares)[links.place]  # who produced the word at a place
        counts = np.bincount(links.pair, shares, len(table))
        table = counts / np.bincount(links.source, counts)[links.source]
    return table


def _links(sentences: Sequence[tuple[Ids, Ids]]) -> Links:
    sources = np.concatenate([np.tile(source, len(target)) for source, target in sentences])
    targets = np.concatenate([np.repeat(target, len(source)) for source, target in sentences])
    beside = np.concatenate([np.full(len(target), len(source)) for source, target in sentences])
    kinds, pair = np.unique(np.stack([sources, targets]), axis=1, return_inverse=True)
    return Links(kinds[0], kinds[1], pair.reshape(-1), np.repeat(np.arange(len(beside)), beside))


def _numbers(sentences: Iterable[Sequence[str]]) -> dict[str, int]:
    words = dict.fromkeys(word for sentence in sentences for word in sentence)
    return {word: number for number, word in enumerate(words)}


def _ids(words: Sequence[str], numbers: Mapping[str, int]) -> Ids:
    return np.array([numbers[word] for word in words], dtype=np.int64)
