"""Prompts that are continued: read from one trie of all of them, then each with an attention cache of its own.

Exemplars and instructions that prompts begin with alike are computed once for all of them, not once a batch: the
batches are read in the trie's order, and what the next one shares stays known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from transformers import DynamicCache

from unseen.ask.batches import parts
from unseen.ask.causal import Prompts
from unseen.ask.reader import TrieReader
from unseen.encode.trie import Indices, Trie, trie_of
from unseen.trie.stream import NOTHING, Known


def read_in_turn(reader: TrieReader, batches: Sequence[Sequence[Sequence[int]]]) -> Iterator[Prompts]:
    """The prompts of each batch, left-padded; all of them are distinct, and in lexicographic order.

    Every distinct start of a prompt is computed once, and again in every part of `PART` tokens, so that memory does
    not grow with their number. Take the next batch inside `reader.reading()`.
    """
    for part in parts([sum(map(len, batch)) for batch in batches]):
        yield from _read_part(reader, batches[part.start : part.stop])


def _read_part(reader: TrieReader, batches: Sequence[Sequence[Sequence[int]]]) -> Iterator[Prompts]:
    """The prompts of each batch, from one trie."""
    ended = [
        np.array([*prompt, 0], dtype=np.int32) for batch in batches for prompt in batch
    ]  # so that its last is read
    trie = trie_of(ended, [(np.arange(len(each)) == len(each) - 1).astype(np.float32) for each in ended])
    last = iter(trie.sources[trie.asked].tolist())  # of every prompt, ascending: its last token
    start, known = 0, NOTHING
    for batch in batches:
        nodes = np.array([next(last) for _ in batch])
        stop = int(nodes[-1]) + 1
        known, logits = _read(reader, trie, nodes, start, stop, known)
        yield _rows(trie, nodes, known, logits)
        start, known = stop, known.seen_from(trie, stop)


def _read(
    reader: TrieReader, trie: Trie, nodes: Indices, start: int, stop: int, known: Known
) -> tuple[Known, torch.Tensor]:
    """What is known once [`start`, `stop`) is read too, and the logits after each of `nodes`, which stand there."""
    logits = []
    for stretch in reader.stretches(trie, start, stop, known):
        known = known.and_then(stretch.known.select(np.flatnonzero(stretch.known.nodes >= stretch.start)))
        here = nodes[(nodes >= stretch.start) & (nodes < stretch.stop)] - stretch.start
        outputs = stretch.outputs[torch.from_numpy(here).to(stretch.outputs.device)]
        logits += [reader.logits(part) for part in outputs.split(reader.heads)]
    return known, torch.cat(logits)


def _rows(trie: Trie, nodes: Indices, known: Known, logits: torch.Tensor) -> Prompts:
    """A cache in which each of `nodes` has the path to it as a row."""
    longest = int(trie.position[nodes].max()) + 1
    places, mask = np.zeros((len(nodes), longest), dtype=np.int64), np.zeros((len(nodes), longest), dtype=np.int64)
    for row, node in enumerate(nodes.tolist()):
        path = np.flatnonzero((known.nodes <= node) & (trie.end[known.nodes] > node))
        places[row, longest - len(path) :], mask[row, longest - len(path) :] = path, 1
    chosen = torch.from_numpy(places).to(logits.device)
    cache = DynamicCache()
    for number, layer in enumerate(known.layers):
        keys, values = (each[0][:, chosen].transpose(0, 1) for each in layer)
        cache.update(keys, values, number)
    return Prompts(cache, torch.from_numpy(mask).to(logits.device), logits)
