"""Laws of a trie as people look at it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unseen.encode.branches import Branch, branches_of
from unseen.encode.trie import Ids, Weights, trie_of

Given = list[tuple[Ids, Weights]]


def sequence(tokens: list[tuple[int, bool]]) -> tuple[Ids, Weights]:
    ids, asked = zip(*tokens, strict=True)
    return np.array(ids, np.int32), np.array(asked, np.float32)


sequences = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=7).map(sequence), max_size=8
)


def all_of(branches: tuple[Branch, ...], before: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Branch]]:
    """Every branch with the tokens from the root to its end."""
    for branch in branches:
        yield before + branch.ids, branch
        yield from all_of(branch.branches, before + branch.ids)


def drawn(given: Given) -> list[tuple[tuple[int, ...], Branch]]:
    return list(all_of(branches_of(trie_of([ids for ids, _ in given], [weights for _, weights in given]))))


@given(sequences)
def test_every_sequence_ends_where_its_last_predicted_token_is(given: Given) -> None:
    found = {end: path for path, branch in drawn(given) for end in branch.ends}
    last = {number: np.flatnonzero(weights[1:]) for number, (_, weights) in enumerate(given)}
    wanted = {number: tuple(given[number][0][: at[-1] + 2]) for number, at in last.items() if len(at)}
    assert found == wanted


@given(sequences)
def test_every_prefix_stands_once_and_is_marked_where_a_sequence_predicts_it(given: Given) -> None:
    asked: dict[tuple[int, ...], bool] = {}
    for ids, weights in given:
        at = np.flatnonzero(weights[1:])
        for length in range(1, at[-1] + 3 if len(at) else 1):
            prefix = tuple(ids[:length].tolist())
            asked[prefix] = asked.get(prefix, False) or (length > 1 and bool(weights[length - 1]))
    found = [
        (path[: len(path) - len(branch.ids) + place], mark)
        for path, branch in drawn(given)
        for place, mark in enumerate(branch.asked, start=1)
    ]
    assert len(found) == len(asked)
    assert dict(found) == asked


@given(sequences)
def test_a_run_ends_only_at_a_fork_or_where_a_sequence_ends(given: Given) -> None:
    assert all(branch.ends or len(branch.branches) > 1 for _, branch in drawn(given))


@given(sequences)
def test_forks_stand_in_the_order_of_the_sequences(given: Given) -> None:
    def first(branch: Branch) -> int:
        return min([*branch.ends, *map(first, branch.branches)])

    for _, branch in drawn(given):
        assert list(map(first, branch.branches)) == sorted(map(first, branch.branches))
