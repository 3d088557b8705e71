"""Laws of the trie: every distinct prefix once, every sequence on its own path, no weight lost."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.encode.deal import deal, deal_rows
from unseen.encode.trie import Trie, read_length, sort_sequences, trie_of
from unseen.encode.trie_rows import trie_rows

Prefix = tuple[int, ...]
Sequences = list[tuple[list[int], list[float]]]

# Few ids and short sequences, so that they begin alike, repeat each other and end in each other.
sequence = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.0, 0.5, 1.0])), min_size=1, max_size=9)
sequences = st.lists(sequence.map(lambda pairs: tuple(map(list, zip(*pairs, strict=True)))), min_size=1, max_size=9)


def trie(given: Sequences) -> Trie:
    return trie_of(*arrays(given))


def arrays(given: Sequences) -> tuple[list[np.ndarray], list[np.ndarray]]:
    ids = [np.array(each, dtype=np.int32) for each, _ in given]
    return ids, [np.array(weights, dtype=np.float32) for _, weights in given]


def paths(found: Trie) -> list[Prefix]:
    """The tokens from the root to each node."""
    known: list[Prefix] = []
    for token, parent in zip(found.ids.tolist(), found.parent.tolist(), strict=True):
        known.append((*(known[parent] if parent >= 0 else ()), token))
    return known


def needed(given: Sequences) -> set[Prefix]:
    """Every prefix that something is predicted after, or after something that begins with it."""
    lengths = [max((place for place in range(1, len(ids)) if weights[place]), default=0) for ids, weights in given]
    return {tuple(ids[: end + 1]) for (ids, _), length in zip(given, lengths, strict=True) for end in range(length)}


def supervised(given: Sequences) -> dict[tuple[Prefix, int], float]:
    summed: dict[tuple[Prefix, int], float] = defaultdict(float)
    for ids, weights in given:
        for place in range(1, len(ids)):
            if weights[place]:
                summed[tuple(ids[:place]), ids[place]] += weights[place]
    return dict(summed)


@given(sequences)
def test_every_needed_prefix_is_one_node(given: Sequences) -> None:
    found = paths(trie(given))

    assert len(set(found)) == len(found)
    assert set(found) == needed(given)


@given(sequences)
def test_a_node_sees_exactly_what_it_begins_with(given: Sequences) -> None:
    found, known = trie(given), paths(trie(given))

    assert [len(path) - 1 for path in known] == found.position.tolist()
    for key, key_path in enumerate(known):
        for query, query_path in enumerate(known):
            sees = key <= query < found.end[key]
            assert sees == (query_path[: len(key_path)] == key_path)


@given(sequences)
def test_edges_carry_the_weights_of_all_sequences(given: Sequences) -> None:
    found, known = trie(given), paths(trie(given))
    sources, targets = found.sources.tolist(), found.targets.tolist()
    edges = {
        (known[source], target): weight for source, target, weight in zip(sources, targets, found.weights, strict=True)
    }

    assert edges == pytest.approx(supervised(given))
    assert len(edges) == len(targets)


@given(sequences)
def test_every_sequence_finds_its_edges_in_its_order(given: Sequences) -> None:
    found, known = trie(given), paths(trie(given))
    for number, (ids, weights) in enumerate(given):
        asked = found.asked[found.starts[number] : found.starts[number + 1]]
        own = [(known[found.sources[edge]], int(found.targets[edge])) for edge in asked]
        assert own == [(tuple(ids[:place]), ids[place]) for place in range(1, len(ids)) if weights[place]]


@given(sequences, st.randoms())
def test_the_order_of_the_sequences_changes_nothing(given: Sequences, random: object) -> None:
    shuffled = list(given)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert paths(trie(shuffled)) == paths(trie(given))
    assert trie(shuffled).weights == pytest.approx(trie(given).weights)


@given(st.lists(st.lists(st.integers(0, 70_000), max_size=6), min_size=1, max_size=12))
def test_sequences_are_sorted_as_lists_of_ids(given: list[list[int]]) -> None:
    ordered = sort_sequences([np.array(each, dtype=np.int32) for each in given], [len(each) for each in given])
    parts = np.split(ordered.tokens, ordered.offsets[1:-1])

    assert [part.tolist() for part in parts] == sorted(given)


def test_a_chain_is_the_sequence_itself() -> None:
    found = trie([([5, 6, 7, 8], [0.0, 0.0, 1.0, 1.0])])

    assert found.ids.tolist() == [5, 6, 7]
    assert found.sources.tolist() == [1, 2]
    assert found.targets.tolist() == [7, 8]


# --- dealing


@given(sequences, st.integers(1, 30))
def test_every_sequence_is_dealt_once_and_rows_are_as_large_as_their_tries(given: Sequences, budget: int) -> None:
    ids, weights = arrays(given)
    batches = deal(ids, [read_length(each) for each in weights], budget)
    members = [member for batch in batches for row in batch for member in row.members]

    assert sorted(members) == list(range(len(given)))
    for batch in batches:
        for row in batch:
            own = trie([given[member] for member in row.members])
            assert len(own) == row.nodes
            assert (own.parent == -1).sum() <= 1 or len(row.members) == 1


@given(sequences, st.integers(4, 40))
def test_micro_batches_stay_within_their_budget(given: Sequences, budget: int) -> None:
    ids, weights = arrays(given)
    for batch in deal(ids, [read_length(each) for each in weights], budget):
        assert len(batch) * max(row.nodes for row in batch) <= budget or len(batch) == 1 == len(batch[0].members)


@given(sequences, st.integers(6, 40), st.sampled_from([8, 64, 1024]))
def test_no_other_cut_into_rows_costs_less(given: Sequences, budget: int, width: int) -> None:
    """Against every cut of the sorted sequences (there are 2^(n-1))."""
    ids, weights = arrays(given)
    ordered = sort_sequences(ids, [read_length(each) for each in weights])
    rows = deal_rows(ordered, budget, width)

    def cost(groups: list[list[int]]) -> float:
        total = 0.0
        for group in groups:
            own = trie([given[member] for member in group])
            if len(group) > 1 and (len(own) > budget or (own.parent == -1).sum() != 1):
                return float("inf")
            total += len(own) * (1 + len(own) / width)
        return total

    order = ordered.order.tolist()
    everything = []
    for cuts in range(2 ** (len(order) - 1)):
        groups = [[order[0]]]
        for place, member in enumerate(order[1:]):
            if cuts >> place & 1:
                groups.append([])
            groups[-1].append(member)
        everything.append(cost(groups))
    # Sequences that ask nothing have no node, and no root to share: they are rows of their own at no cost.
    assert cost([list(row.members) for row in rows]) == pytest.approx(min(everything))


def test_a_short_trunk_is_repeated_and_a_long_one_shared() -> None:
    draw = np.random.default_rng(0)

    def nodes(trunk: int) -> int:
        shared = draw.integers(0, 1000, trunk)
        rows = [np.concatenate([shared, draw.integers(0, 1000, 300)]).astype(np.int32) for _ in range(8)]
        return sum(row.nodes for batch in deal(rows, [len(row) for row in rows], 4096) for row in batch)

    assert nodes(10) == 8 * 310
    assert nodes(400) < 0.7 * 8 * 700


def test_padded_rows_hold_the_tries_and_nothing_sees_the_padding() -> None:
    one = trie([([1, 2, 3, 4], [0.0, 0.0, 1.0, 1.0]), ([1, 2, 5, 6], [0.0, 0.0, 0.0, 1.0])])
    other = trie([([7, 8], [0.0, 1.0])])
    rows = trie_rows([one, other])

    assert rows.ids.tolist() == [[1, 2, 3, 5], [7, 0, 0, 0]]
    assert rows.end.tolist() == [[4, 4, 3, 4], [1, 2, 3, 4]]
    assert rows.nodes == 5
    assert rows.branching
    assert not trie_rows([other, other]).branching
    assert rows.rows.tolist() == [0, 0, 0, 1]
    assert rows.ids[rows.rows, rows.columns].tolist() == [2, 3, 5, 7]
    assert rows.targets.tolist() == [3, 4, 6, 8]


def test_a_trunk_of_many_rows_is_counted_once() -> None:
    draw = np.random.default_rng(0)
    trunks = [draw.integers(0, 50_000, 400) for _ in range(10)]
    ids = [np.concatenate([trunks[row % 10], draw.integers(0, 50_000, 100)]).astype(np.int32) for row in range(200)]
    weights = [(np.arange(500) > 490).astype(np.float32)] * len(ids)

    assert len(trie_of(ids, weights)) == 10 * 400 + 200 * 99
