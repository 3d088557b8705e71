"""Log-probabilities of continuations, all read from one trie: what they begin with alike is computed once.

The options of a question are branches behind its prompt, and the questions of a task branches behind their exemplars
and instruction. The output head runs only where a token of a continuation is predicted, once for all that follow the
same tokens. Results do not depend on the order in which continuations are given, as a trie has one order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from unseen.ask.batches import parts
from unseen.ask.reader import TrieReader
from unseen.encode.trie import Ids, Indices, Trie, trie_of
from unseen.trie.stream import Stretch


@dataclass(frozen=True, slots=True, eq=False)
class Continuation:
    """Tokens `ids`, of which those from place `start` (1 or later) on are predicted, one or more."""

    ids: Ids
    start: int

    @property
    def weights(self) -> NDArray[np.float32]:
        return (np.arange(len(self.ids)) >= self.start).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Scored:
    """The summed log-probability of a continuation in nats; `likeliest`: each token was the most probable one."""

    log_prob: float
    likeliest: bool


def scores(reader: TrieReader, continuations: Sequence[Continuation]) -> Iterator[tuple[int, Scored]]:
    """The index and score of every continuation, each as soon as it is known.

    The log-softmax is taken in float32 and summed in float64.
    """
    keys = [each.ids.astype(">u4").tobytes() for each in continuations]  # big-endian bytes compare as the ids do
    order = sorted(range(len(keys)), key=keys.__getitem__)
    for part in parts([len(continuations[index].ids) for index in order]):
        chosen = [continuations[order[place]] for place in part]
        trie = trie_of([each.ids for each in chosen], [each.weights for each in chosen])
        for number, scored in _scores_in(reader, trie):
            yield order[part[number]], scored


def _scores_in(reader: TrieReader, trie: Trie) -> Iterator[tuple[int, Scored]]:
    log_probs, likeliest = np.zeros(len(trie.targets)), np.zeros(len(trie.targets), dtype=bool)
    last = trie.sources[np.maximum.reduceat(trie.asked, trie.starts[:-1])]  # after this node a sequence is complete
    order, done = np.argsort(last, kind="stable"), 0
    remaining = reader.stretches(trie)
    while done < len(order):
        with reader.reading():  # never while the caller has the turn
            stretch = next(remaining)
            first, end = np.searchsorted(trie.sources, [stretch.start, stretch.stop])
            log_probs[first:end], likeliest[first:end] = _edges(reader, trie, stretch, slice(first, end))
        complete = int(np.searchsorted(last[order], stretch.stop))
        for number in order[done:complete].tolist():
            own = trie.asked[trie.starts[number] : trie.starts[number + 1]]
            yield number, Scored(float(log_probs[own].sum()), bool(likeliest[own].all()))
        done = complete


def _edges(
    reader: TrieReader, trie: Trie, stretch: Stretch, edges: slice
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Of every edge in the stretch: the log-probability of its target, and whether none is more probable."""
    sources, which = np.unique(trie.sources[edges], return_inverse=True)
    log_probs, likeliest = np.empty(len(which), dtype=np.float32), np.empty(len(which), dtype=bool)
    for start in range(0, len(sources), reader.heads):
        chosen = sources[start : start + reader.heads]
        own = slice(*np.searchsorted(which, [start, start + len(chosen)]))
        logits = reader.logits(stretch.outputs[_tensor(chosen - stretch.start, stretch.outputs.device)])
        rows = _tensor(which[own] - start, logits.device)
        targets = _tensor(trie.targets[edges][own].astype(np.int64), logits.device)
        log_probs[own] = (logits[rows, targets] - logits.logsumexp(-1)[rows]).cpu().numpy()
        likeliest[own] = (logits.argmax(-1)[rows] == targets).cpu().numpy()
    return log_probs, likeliest


def _tensor(values: Indices, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(values).to(device)
