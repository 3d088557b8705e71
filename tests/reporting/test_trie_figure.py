"""The drawn trie, the lanes of a mixture and texts that meet: hand-worked cases, and laws of where things stand."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from unseen.reporting.figures.lanes import lanes
from unseen.reporting.figures.trie_figure import ROW, Box, laid_out
from unseen.reporting.sections.overlaps import marked
from unseen.task.proof import Pair


def branch(tokens: int, *below: dict[str, Any], ends: tuple[str, ...] = (), text: str = "x") -> dict[str, Any]:
    return {
        "ids": [1] * tokens,
        "text": text,
        "supervised": [False] * (tokens - 1) + [not below],
        "ends": list(ends),
        "branches": list(below),
    }


def test_a_trunk_is_as_high_as_what_it_is_read_for() -> None:
    trunk = branch(30, branch(10, ends=("a",)), branch(60, branch(5, ends=("b",)), branch(5, ends=("c",))))
    boxes = laid_out([trunk])
    assert [(box.rows, box.sequences, box.before) for box in boxes] == [
        (3, 3, -1),
        (1, 1, 0),
        (2, 2, 0),
        (1, 1, 2),
        (1, 1, 2),
    ]
    assert [box.y for box in boxes] == [0, 0, ROW, ROW, 2 * ROW]
    assert boxes[2].width == 2 * boxes[0].width and boxes[3].x > boxes[2].x + boxes[2].width
    assert boxes[1].predicted == ((9, 10),) and boxes[0].predicted == ()


def test_a_sequence_that_ends_where_others_go_on_has_a_line_of_its_own() -> None:
    boxes = laid_out([branch(3, branch(2, ends=("long",)), ends=("short",))])
    assert (boxes[0].rows, boxes[0].sequences) == (2, 2)


TREES = st.recursive(
    st.builds(lambda n: branch(n, ends=("e",)), st.integers(1, 50)),
    lambda below: st.builds(
        lambda n, each: branch(n, *each), st.integers(1, 50), st.lists(below, min_size=2, max_size=3)
    ),
    max_leaves=12,
)


@given(st.lists(TREES, min_size=1, max_size=3))
def test_no_two_boxes_cover_each_other(trees: list[dict[str, Any]]) -> None:
    boxes = laid_out(trees)
    assert sum(box.tokens for box in boxes) == sum(map(_tokens, trees))
    for one, other in combinations(boxes, 2):
        apart = _apart(one.x, one.width, other.x, other.width) or _apart(
            one.y, one.rows * ROW, other.y, other.rows * ROW
        )
        assert apart


def _apart(start: float, size: float, other: float, other_size: float) -> bool:
    return start + size <= other + 1e-6 or other + other_size <= start + 1e-6


def _tokens(tree: dict[str, Any]) -> int:
    return len(tree["ids"]) + sum(map(_tokens, tree["branches"]))


def test_boxes_know_what_comes_before_them() -> None:
    boxes: list[Box] = laid_out(
        [branch(1, branch(1, branch(1, ends=("a",)), branch(1, ends=("b",))), branch(1, ends=("c",)))]
    )
    assert [box.before for box in boxes] == [-1, 0, 1, 1, 0]


def test_a_stroke_stands_at_its_draw_in_the_lane_of_its_task() -> None:
    figure = lanes(["one", "two"], [0, 1, 1, 0], 2, "four draws", ends=4)
    paths = re.findall(r'<path d="([^"]+)"', figure)
    assert paths == ["M125.0 2v12M875.0 2v12", "M375.0 18v12M625.0 18v12"]
    assert figure.count('class="step-end"') == 1 and 'x1="500.0"' in figure
    assert "<title>two: 2 of 4</title>" in figure


def pair(kind: str, seen: str, unseen: str, shared: str) -> Pair:
    return Pair(kind, 0.9, "a/one", "train/0", "b/two", "test/0", "", "", seen, unseen, shared)  # type: ignore[arg-type]


def test_shared_runs_are_marked_on_both_sides_and_nothing_else() -> None:
    left, right = marked(pair("ngram", "so the cat sat here", "why the cat sat", "the cat sat"))
    assert (left, right) == ("so <mark>the cat sat</mark> here ", "why <mark>the cat sat</mark> ")


def test_of_near_texts_every_common_word_is_marked() -> None:
    left, right = marked(pair("near", "a b c d", "a x c d", "a x c d"))
    assert left == "<mark>a</mark> b <mark>c d</mark> " and right == "<mark>a</mark> x <mark>c d</mark> "


def test_texts_that_meet_stay_text() -> None:
    left, _ = marked(pair("equal", "<b>x</b> y", "<b>x</b> y", ""))
    assert left == "<mark>&lt;b&gt;x&lt;/b&gt; y</mark> "


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=20), st.lists(st.sampled_from("abc"), min_size=1, max_size=20)
)
def test_marks_change_no_word(one: list[str], other: list[str]) -> None:
    for shown, words in zip(marked(pair("near", " ".join(one), " ".join(other), "")), (one, other), strict=True):
        assert re.sub("<[^>]*>", "", shown).split() == words
