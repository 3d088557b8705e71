"""The ways in which a model is asked: everything from one trie, or each prompt once for what follows it; an
encoder-decoder in one of its own (see sources.py)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from unseen.ask.batches import batches, batches_in_order
from unseen.ask.causal import Answers, Prompts, continuation_log_probs, read_prompts
from unseen.ask.prompts import read_in_turn
from unseen.ask.reader import TrieReader, asking, reader_of
from unseen.ask.scoring import Continuation, scores
from unseen.trie.check import Plain

Ids = tuple[int, ...]
HEAD_POSITIONS = 1024  # option tokens read at once: their logits are the largest thing held (300 MB at 80k words)
ROWS = 64  # prompts that generate together


@dataclass(frozen=True, slots=True)
class Ranking:
    """Token ids of a prompt and of its options; `cut` says that the prompt was fitted to length, `dropped` how many
    exemplars that took."""

    prompt: Ids
    options: tuple[Ids, ...]
    cut: bool
    dropped: int

    def continuation(self, option: int) -> Continuation:
        """The prompt with one of the options, whose tokens are predicted."""
        return Continuation(np.array([*self.prompt, *self.options[option]], dtype=np.int32), len(self.prompt))


class Way(Protocol):
    """How prompts are read; `name` says which way it is, and why."""

    @property
    def name(self) -> str: ...

    def option_log_probs(self, rankings: Mapping[int, Ranking]) -> Iterator[tuple[int, tuple[float, ...]]]:
        """Of each ranking the summed log-probabilities of its options, in nats, as soon as they are known."""
        ...

    def batches(self, prompts: Iterable[Ids]) -> list[list[Ids]]:
        """The distinct prompts, those together that are continued together."""
        ...

    def read(self, batches: Sequence[Sequence[Ids]]) -> Iterator[Answers]:
        """The prompts of each of those batches, read; take each inside `asking`."""
        ...


def way_of(module: Any, batch_tokens: int) -> Way:
    """`Together` where `module` reads tries, else `Plainly`. `batch_tokens` bounds the tokens of a cache."""
    reader = reader_of(module, batch_tokens)
    return Plainly(module, batch_tokens, reader.reason) if isinstance(reader, Plain) else Together(reader, batch_tokens)


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """Whatever prompts and options begin with alike is computed once."""

    reader: TrieReader
    batch_tokens: int

    @property
    def name(self) -> str:
        return "trie"

    def option_log_probs(self, rankings: Mapping[int, Ranking]) -> Iterator[tuple[int, tuple[float, ...]]]:
        asked = [(index, option) for index, ranking in rankings.items() for option in range(len(ranking.options))]
        found = {index: [math.nan] * len(ranking.options) for index, ranking in rankings.items()}
        missing = {index: len(ranking.options) for index, ranking in rankings.items()}
        for number, scored in scores(self.reader, [rankings[index].continuation(option) for index, option in asked]):
            index, option = asked[number]
            found[index][option] = scored.log_prob
            missing[index] -= 1
            if not missing[index]:
                yield index, tuple(found[index])

    def batches(self, prompts: Iterable[Ids]) -> list[list[Ids]]:
        return batches_in_order(prompts, self.batch_tokens, ROWS)

    def read(self, batches: Sequence[Sequence[Ids]]) -> Iterator[Prompts]:
        return read_in_turn(self.reader, batches)


@dataclass(frozen=True, slots=True, eq=False)
class Plainly:
    """A prompt is a row of a batch and is read once, for all its options; what a batch's prompts begin with alike, once
    a batch. `reason` is why nothing more is shared."""

    module: Any
    batch_tokens: int
    reason: str

    @property
    def name(self) -> str:
        return f"plain: {self.reason}"

    def option_log_probs(self, rankings: Mapping[int, Ranking]) -> Iterator[tuple[int, tuple[float, ...]]]:
        prompts = {index: ranking.prompt for index, ranking in rankings.items()}
        for batch in batches(prompts, self.batch_tokens):
            yield from zip(batch, self._ranked([rankings[index] for index in batch]), strict=True)

    def batches(self, prompts: Iterable[Ids]) -> list[list[Ids]]:
        distinct = dict(enumerate(dict.fromkeys(prompts)))
        return [[distinct[key] for key in batch] for batch in batches(distinct, self.batch_tokens, ROWS)]

    def read(self, batches: Sequence[Sequence[Ids]]) -> Iterator[Prompts]:
        return (read_prompts(self.module, batch) for batch in batches)

    def _ranked(self, rankings: Sequence[Ranking]) -> list[tuple[float, ...]]:
        flat = [(row, option) for row, ranking in enumerate(rankings) for option in ranking.options]
        found: list[float] = []
        with asking(self.module):
            prompts = read_prompts(self.module, [ranking.prompt for ranking in rankings])
            for part in self._parts(flat, prompts):
                rows, options = zip(*part, strict=True)
                found += continuation_log_probs(self.module, prompts, rows, options)
        values = iter(found)
        return [tuple(next(values) for _ in ranking.options) for ranking in rankings]

    def _parts(self, flat: Sequence[tuple[int, Ids]], prompts: Prompts) -> list[Sequence[tuple[int, Ids]]]:
        """Options that are run together: their copies of the prompts' cache, and their logits, stay within bounds."""
        longest = max(len(option) for _, option in flat)
        size = min(self.batch_tokens // (prompts.mask.shape[1] + longest), HEAD_POSITIONS // longest)
        return [flat[start : start + max(size, 1)] for start in range(0, len(flat), max(size, 1))]
