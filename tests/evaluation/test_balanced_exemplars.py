"""Exemplars by right answer: in turn, the same first ones for fewer shots, never the row that is asked."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from unseen.data.dataset import Dataset, Labels, Row, Source
from unseen.evaluation.exemplars import LOOKED_AT, ExemplarPool, arrangement, as_drawn, exemplars_of, in_turn
from unseen.prompt.example import Example
from unseen.prompt.template import Template
from unseen.task.render import example_of
from unseen.task.task import Task

WORDS = ("a", "b", "c", "d")
SPLITS = {"train": Source("train", "jsonl")}
DATASET = Dataset("notes", "c", SPLITS, ("notes",), labels=Labels("label", WORDS, -1))
TASK = Task("c/notes", DATASET, (Template("t", "{{ text }}", "{{ answer_choices[label] }}", WORDS),), "choose", ("f1",))


def pool_of(labels: list[int], balanced: bool = True) -> ExemplarPool:
    rows = [Row("train", place, {"text": f"note {place}", "label": label}) for place, label in enumerate(labels)]
    return ExemplarPool(TASK, "train", rows, arrangement(balanced, TASK))


def shown(pool: ExemplarPool, shots: int, asked: Row, seed: int = 0, row: Row | None = None) -> tuple[Example, ...]:
    example = example_of(TASK, 0, asked)
    assert example is not None
    return exemplars_of(example, pool.rendered(0, shots, seed, row), shots, pool.arrange)


NEW = Row("test", 0, {"text": "new", "label": 0})
ENOUGH = st.lists(st.integers(0, 3), min_size=0, max_size=40).map(lambda more: [0, 1, 2, 3] * 8 + more)


@given(ENOUGH, st.integers(1, 16), st.integers(0, 3), st.booleans())
def test_counts_of_right_answers_differ_by_at_most_one(labels: list[int], shots: int, seed: int, per_row: bool) -> None:
    found = shown(pool_of(labels), shots, NEW, seed, NEW if per_row else None)
    counts = Counter(dict.fromkeys(range(4), 0))
    counts.update(each.answer for each in found if each.answer is not None)
    assert len(found) == shots and max(counts.values()) - min(counts.values()) <= 1


@given(ENOUGH, st.integers(0, 15), st.integers(0, 31), st.integers(0, 3))
def test_fewer_shots_show_the_first_of_more_and_never_the_row_itself(
    labels: list[int], shots: int, place: int, seed: int
) -> None:
    pool = pool_of(labels)
    asked = pool.rows[place]
    more = shown(pool, 16, asked, seed)
    assert shown(pool, shots, asked, seed) == more[:shots]
    assert asked.index not in {each.row for each in more}
    counts = Counter(each.answer for each in more)
    assert max(counts.values()) == min(counts.values()) == 4


def test_the_order_is_drawn_by_the_seed() -> None:
    pool = pool_of([0, 1, 2, 3] * 12)
    drawn = {tuple(each.row for each in shown(pool, 8, NEW, seed)) for seed in range(5)}
    assert len(drawn) == 5
    assert len({tuple(each.answer for each in shown(pool, 4, NEW, seed)) for seed in range(8)}) > 1


def test_a_rare_answer_comes_as_often_as_it_is_there() -> None:
    found = shown(pool_of([0] * 40 + [1, 1]), 8, NEW)
    assert Counter(each.answer for each in found) == {0: 6, 1: 2}
    assert {each.answer for each in found[:2]} == {0, 1}


def test_rows_beyond_those_looked_at_do_not_count() -> None:
    labels = [0] * (LOOKED_AT * 40) + [1]
    assert Counter(each.answer for each in shown(pool_of(labels), 4, NEW)) == {0: 4}


def test_without_choices_exemplars_are_as_drawn() -> None:
    generate = Task("c/notes", DATASET, (Template("t", "{{ text }}", "{{ label }}"),), "generate", ("f1",))
    assert arrangement(True, generate) is as_drawn
    assert arrangement(False, TASK) is as_drawn and arrangement(True, TASK) is in_turn
    pool = pool_of([0] * 12 + [1] * 12)
    assert pool_of([0] * 12 + [1] * 12, balanced=False).draw(16, 3) != pool.draw(16, 3)
