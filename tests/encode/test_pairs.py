"""Laws of sources with targets: what is read once, and how rows are cut into micro-batches."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unseen.encode.batch import PER_BATCH
from unseen.encode.encoded import Encoded
from unseen.encode.pairs import SELECTED_PER_POSITION, DecoderRow, Pair, decoder_rows, pair_rows, plan_pairs

START = 9


def pair(source: list[int], target: list[int], weights: list[float], name: str = "x") -> Pair:
    return Pair(name, np.array(source, np.int32), np.array(target, np.int32), np.array(weights, np.float32))


tokens = st.lists(st.integers(0, 2), min_size=1, max_size=5)
weighted = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.25, 1.0])), min_size=1, max_size=5)
pairs_given = st.lists(st.builds(lambda s, t: pair(s, *map(list, zip(*t, strict=True))), tokens, weighted), max_size=12)
budgets = st.integers(1, 120)


def supervised(each: Pair) -> set[tuple[tuple[int, ...], tuple[int, ...], int, float]]:
    """What is asked of the model: (source, what the decoder has read, token, weight)."""
    source, target = tuple(each.source.tolist()), each.target.tolist()
    asked = np.flatnonzero(each.weights).tolist()
    return {(source, (START, *target[:at]), target[at], float(each.weights[at])) for at in asked}


@given(pairs_given, budgets)
def test_every_supervised_token_is_predicted_once_where_its_own_past_was_read(pairs: list[Pair], budget: int) -> None:
    done: list[int] = []
    for rows in plan_pairs(pairs, budget):
        batch = pair_rows(pairs, rows, START)
        for place, member in enumerate(batch.members):
            edges = range(batch.starts[place], batch.starts[place + 1])
            found = set()
            for edge in edges:
                row, column = batch.rows[edge], batch.columns[edge]
                source = batch.sources[batch.source[row]][batch.source_mask[batch.source[row]]]
                past = batch.inputs[row, : column + 1]
                found.add((tuple(source), tuple(past), batch.targets[edge], batch.weights[edge]))
            assert found == supervised(pairs[member])
        done += batch.members
        assert batch.read == sum(len(pairs[member].source) + pairs[member].read for member in batch.members)
        assert batch.nodes <= batch.read <= batch.tokens
    assert sorted(done) == [number for number, each in enumerate(pairs) if each.weights.any()]


@given(pairs_given, budgets)
def test_a_micro_batch_stays_within_the_budget_or_is_one_row(pairs: list[Pair], budget: int) -> None:
    for rows in plan_pairs(pairs, budget):
        batch = pair_rows(pairs, rows, START)
        selected = batch.sources.shape[1] * len(rows) / SELECTED_PER_POSITION
        assert batch.sources.size + batch.inputs.size + selected <= budget or len(rows) == 1
        assert len(np.unique(np.where(batch.source_mask, batch.sources, -1), axis=0)) == len(batch.sources)


@given(pairs_given)
def test_rows_are_the_fewest_that_hold_what_every_pair_reads(pairs: list[Pair]) -> None:
    read = {(tuple(each.source), tuple(each.target[: each.read - 1])) for each in pairs if each.read}
    longest = {(s, t) for s, t in read if not any(s == o and len(t) < len(m) and m[: len(t)] == t for o, m in read)}
    assert len(decoder_rows(pairs)) == len(longest)


def cost(pairs: list[Pair], rows: list[DecoderRow]) -> float:
    batch = pair_rows(pairs, rows, START)
    return batch.sources.size + batch.inputs.size + len(rows) * batch.sources.shape[1] / 6 + PER_BATCH


@given(st.integers(0, 2**20), st.integers(100, 3000))
def test_no_other_cut_of_the_order_costs_less(seed: int, budget: int) -> None:
    draw = np.random.default_rng(seed)
    pool = [draw.integers(0, 50, int(length)) for length in draw.integers(1, 400, 4)]
    pairs = [
        pair(pool[int(draw.integers(4))].tolist(), draw.integers(0, 50, length).tolist(), [1.0] * length)
        for length in draw.integers(1, 60, 7).tolist()
    ]
    planned = plan_pairs(pairs, budget)
    order = [row for rows in planned for row in rows]
    cuts = [cut for count in range(len(order)) for cut in combinations(range(1, len(order)), count)]
    plans = [[order[a:b] for a, b in zip([0, *cut], [*cut, len(order)], strict=True)] for cut in cuts]
    fitting = [
        plan for plan in plans if all(len(rows) == 1 or cost(pairs, rows) - PER_BATCH <= budget for rows in plan)
    ]
    best = min(sum(cost(pairs, rows) for rows in plan) for plan in fitting)
    assert sum(cost(pairs, rows) for rows in planned) <= best + 1e-6
    lengths = [len(pairs[row.members[0]].source) for row in order]
    assert lengths == sorted(lengths, reverse=True)


def test_nothing_is_read_after_the_last_weighted_token() -> None:
    assert pair([1], [5, 6, 7, 8], [0, 1, 0, 0]).read == 2
    (rows,) = plan_pairs([pair([1], [5, 6, 7, 8], [0, 1, 0, 0])], 100)
    assert pair_rows([pair([1], [5, 6, 7, 8], [0, 1, 0, 0])], rows, START).inputs.tolist() == [[START, 5]]


def test_one_row_serves_all_that_begin_like_it() -> None:
    letters = [pair([1, 2], [letter], [1.0]) for letter in (3, 4, 5)]
    assert decoder_rows(letters) == [DecoderRow(0, 1, (0, 1, 2))]
    assert len(decoder_rows([*letters, pair([1, 2], [3, 4], [1.0, 1.0])])) == 1
    assert len(decoder_rows([*letters, pair([2, 1], [3], [1.0])])) == 2


def test_an_example_s_prompt_is_the_source() -> None:
    made = Pair.of(Encoded("a", np.arange(5, dtype=np.int32), np.array([0, 0, 0, 1, 1], np.float32), 3))
    assert (made.source.tolist(), made.target.tolist(), made.weights.tolist()) == ([0, 1, 2], [3, 4], [1.0, 1.0])
    assert plan_pairs([], 10) == []
