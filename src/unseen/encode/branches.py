"""A trie as people look at it: runs of tokens between its forks. Numpy only, no torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unseen.encode.trie import Trie


@dataclass(frozen=True, slots=True)
class Branch:
    """Token `ids` without a fork between them, and for each whether it is predicted (`asked`).

    `ends` are the sequences (by index) whose last predicted token is the last of these. `branches` go on from it.
    """

    ids: tuple[int, ...]
    asked: tuple[bool, ...]
    ends: tuple[int, ...]
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """One token: after node `parent` (-1: the first), as node `node` (None: nothing is read after it)."""

    parent: int
    token: int
    node: int | None
    asked: bool

    @property
    def key(self) -> tuple[int, int]:
        return self.parent, self.token


def branches_of(trie: Trie) -> tuple[Branch, ...]:
    """The runs that begin at the trie's roots; those of a fork in the order of the sequences that take them."""
    ends: dict[tuple[int, int], list[int]] = defaultdict(list)
    for sequence, (start, stop) in enumerate(zip(trie.starts[:-1].tolist(), trie.starts[1:].tolist(), strict=True)):
        if stop > start:
            edge = trie.asked[stop - 1]
            ends[int(trie.sources[edge]), int(trie.targets[edge])].append(sequence)
    first = _first_sequence(trie, ends)
    steps: dict[int, list[_Step]] = defaultdict(list)
    for step in sorted(_steps(trie), key=lambda step: first[step.key]):
        steps[step.parent].append(step)
    return tuple(_grown(step, steps, ends) for step in steps[-1])


def _steps(trie: Trie) -> list[_Step]:
    asked = set(zip(trie.sources.tolist(), trie.targets.tolist(), strict=True))
    read = [
        _Step(parent, token, node, (parent, token) in asked)
        for node, (parent, token) in enumerate(zip(trie.parent.tolist(), trie.ids.tolist(), strict=True))
    ]
    last = asked - {step.key for step in read}
    return read + [_Step(parent, token, None, True) for parent, token in last]


def _first_sequence(trie: Trie, ends: Mapping[tuple[int, int], Sequence[int]]) -> dict[tuple[int, int], int]:
    """The first sequence that goes through each step."""
    first: dict[tuple[int, int], int] = {}
    for key, sequences in sorted(ends.items(), key=lambda item: item[1][0]):
        while key not in first:
            first[key] = sequences[0]
            if key[0] < 0:
                break
            key = int(trie.parent[key[0]]), int(trie.ids[key[0]])
    return first


def _grown(step: _Step, steps: Mapping[int, Sequence[_Step]], ends: Mapping[tuple[int, int], Sequence[int]]) -> Branch:
    ids, asked = [step.token], [step.asked]
    while True:
        here = ends.get(step.key, ())
        following = steps.get(step.node, ()) if step.node is not None else ()
        if here or len(following) != 1:
            branches = tuple(_grown(each, steps, ends) for each in following)
            return Branch(tuple(ids), tuple(asked), tuple(here), branches)
        step = following[0]
        ids.append(step.token)
        asked.append(step.asked)
