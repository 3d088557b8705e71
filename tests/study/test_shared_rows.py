"""Differences are of the questions that both arms were asked, and what is left out for that is counted."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unseen.evaluation.blocks import Block
from unseen.study.answers import NO_DRAW, Answers, TaskBlock
from unseen.study.observe import Comparable, Term, observe
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
