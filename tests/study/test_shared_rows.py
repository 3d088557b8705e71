"""Differences are of the questions that both arms were asked, and what is left out for that is counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.evaluation.blocks import Block
from unseen.study.answers import NO_DRAW, Answers, TaskBlock
from unseen.study.compare import against, measured, own
from unseen.study.observe import Comparable, Term, observe
from unseen.study.rule import Rule
from unseen.study.shared_rows import on_shared_rows, told_of_lost


def block(**asked: str) -> Block:
    """A block of templates, each with a letter a row: `+` right, `-` wrong, `.` not asked."""
    cells = np.array([list(each) for each in asked.values()]).T
    present = cells != "."
    statistics = np.stack([100.0 * (cells == "+"), present.astype(float)], axis=-1)
    return Block("accuracy", tuple(asked), statistics, present)


def written(found: Block) -> dict[str, str]:
    letters = np.where(found.present, np.where(found.statistics[..., 0] > 0, "+", "-"), ".")
    return {name: "".join(letters[:, place]) for place, name in enumerate(found.templates)}


def test_rows_that_one_arm_left_out_are_left_out_of_both() -> None:
    before = [block(t="+-+-"), block(t="+.++")]
    after = on_shared_rows(before)
    assert [written(each) for each in after] == [{"t": "+.+-"}, {"t": "+.++"}]
    assert told_of_lost(before, after) == "1 of its rows, which not all arms were asked"


def test_a_template_that_both_have_is_compared_where_both_were_asked_through_it() -> None:
    before = [block(t="++", u="--"), block(t="+.", u="-+")]
    after = on_shared_rows(before)
    assert [written(each) for each in after] == [{"t": "+.", "u": "--"}, {"t": "+.", "u": "-+"}]
    assert told_of_lost(before, after) == "1 question of its rows, which not all arms were asked"


def test_a_row_whose_last_shared_question_goes_is_left_out_of_all() -> None:
    """Row 1 was asked through `t` in one arm only; what then is left of it in the other one, through `b`, goes too."""
    before = [block(t="++", a="+."), block(t="-.", b="-+")]
    after = on_shared_rows(before)
    assert [written(each) for each in after] == [{"t": "+.", "a": "+."}, {"t": "-.", "b": "-."}]
    assert told_of_lost(before, after) == "1 of its rows, which not all arms were asked"


def test_arms_that_share_no_row_share_nothing() -> None:
    assert not any(each.present.any() for each in on_shared_rows([block(t="+."), block(t=".+")]))


cells = st.lists(st.tuples(*[st.sampled_from("+-.")] * 4), min_size=1, max_size=6)


@given(cells)
def test_all_blocks_end_with_the_same_rows_and_the_same_rows_of_a_template(rows: list[tuple[str, ...]]) -> None:
    t, a, u, b = ("".join(each) for each in zip(*rows, strict=True))
    before = [block(t=t, a=a), block(t=u, b=b)]
    one, two = after = on_shared_rows(before)
    assert (one.present.any(axis=1) == two.present.any(axis=1)).all()
    assert (one.present[:, 0] == two.present[:, 0]).all()
    assert all((new.present <= old.present).all() for old, new in zip(before, after, strict=True))
    assert all((each.statistics[~each.present] == 0).all() for each in after)
    assert bool(told_of_lost(before, after)) == any(
        (o.present != n.present).any() for o, n in zip(before, after, strict=True)
    )


def answers(found: Block) -> Answers:
    rows = tuple(("test", number) for number in range(len(found.present)))
    blocks = {("tuned", "nli/a", NO_DRAW): TaskBlock(rows, found)}
    return Answers(blocks, {"nli/a": "the same"}, frozenset(), unknown=False, level="cluster", tuned=True)


def both(one: Block, other: Block) -> Comparable:
    return observe([(Term(answers(one), "tuned"), Term(answers(other), "tuned", -1.0))], ["mean"])


def difference(one: Block, other: Block) -> float:
    found = both(one, other).of("mean")
    assert found is not None
    return float(found.values[0, 0])


def graded(values: str, **more: object) -> Block:
    """A digit for each row, `.` where it was not asked."""
    present = np.array([[each != "."] for each in values])
    scores = np.array([[10.0 * int(each) if each != "." else 0.0] for each in values])
    return Block("rouge_l", ("t",), np.stack([scores, present.astype(float)], axis=-1), present)


def test_arms_whose_seeds_drew_rows_apart_are_compared_by_their_own_rows() -> None:
    """One finished seed of each, another one: there is no row on which the two differ."""
    runs = {seed: {seed: answers(graded(values))} for seed, values in ((0, "1526...."), (1, "....7483"))}
    found = measured(against(runs[1], runs[0], Rule()), Rule()).measured
    assert found is not None and found.main.value == pytest.approx(55.0 - 35.0)
    assert found.main.low < 20.0 < found.main.high


def test_a_spread_claims_no_more_than_the_tasks_that_have_one() -> None:
    """Three clusters, one of them asked through two templates."""
    blocks = {
        ("tuned", f"{task}/x", NO_DRAW): TaskBlock(tuple(("test", row) for row in range(4)), found)
        for task, found in {"a": block(t="+-+-", u="++++"), "b": block(t="++--"), "c": block(t="+---")}.items()
    }
    run = Answers(blocks, dict.fromkeys(("a/x", "b/x", "c/x"), "same"), frozenset(), False, "cluster", True)
    found = own({0: run}, Rule()).measured
    assert found is not None and (found.main.over, found.main.clusters) == ("clusters", 3)
    assert (found.spreads["range"].over, found.spreads["range"].value) == ("rows", 50.0)


def test_spreads_are_over_each_seeds_own_formats() -> None:
    """One format, the plain one, is in both draws; the spread is not of that alone."""
    seeds = [block(plain="++--", one="++++"), block(plain="++++", two="----")]
    found = observe([(Term(answers(each), "tuned", drawn=seed),) for seed, each in enumerate(seeds)], ["range"])
    spread = found.of("range")
    assert spread is not None and spread.values[:, 0].tolist() == [50.0, 100.0]


def test_a_difference_is_of_the_templates_that_both_arms_were_asked_through() -> None:
    """Letters may be worse than texts; that is no answer to what the arms differ in."""
    one, other = block(text="++++", letter="----"), block(text="+++-", other="++++", more="++++")
    assert difference(one, other) == 25.0
    assert both(one, other).left_out == {"nli/a": "2 of its templates, which not all arms were asked through"}


def test_arms_with_ways_of_their_own_are_compared_by_all_of_them() -> None:
    assert difference(block(one="++++", two="----"), block(three="+---")) == 25.0
    assert not both(block(one="++++", two="----"), block(three="+---")).left_out


def test_a_difference_is_of_the_rows_that_both_arms_were_asked() -> None:
    assert difference(block(t="+-+-"), block(t="+-..")) == 0.0
