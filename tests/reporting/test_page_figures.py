"""Figures and the layer that writes HTML: escape always, place by value, stay within the picture."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.reporting.figures.curve import MOST_POINTS, loss_curve
from unseen.reporting.figures.scale import SCORES, Scale, around_zero
from unseen.reporting.figures.shares import share_bar
from unseen.reporting.figures.strips import Dots, difference_strip, dot_strip, effect
from unseen.reporting.markup import Markup, joined, tag, text
from unseen.reporting.numbers import counted, duration, limits, listed, plain, scored, signed, whole
from unseen.train.steplog import StepLine

NUMBERS = st.floats(-100, 100)


@given(st.text())
def test_text_is_escaped_and_nothing_else_is_lost(value: str) -> None:
    shown = tag("p", value, title=value)
    assert re.fullmatch(r'<p title="[^<>"]*">[^<>]*</p>', shown, re.DOTALL)
    kept = re.sub("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", "\ufffd", value)
    assert unescape(text(value)) == kept or "&" in value
    shown.encode("utf-8")


def test_markup_is_kept_and_children_of_every_kind_are_joined() -> None:
    inner = joined("a<b", None, 3, ["x", ("y", tag("i", "&"))])
    assert inner == "a&lt;b3xy<i>&amp;</i>" and tag("b", inner) == Markup(f"<b>{inner}</b>")
    assert tag("td", "", data_sort=0, hidden=True, class_=None) == '<td data-sort="0" hidden></td>'


@given(NUMBERS, NUMBERS)
def test_places_keep_the_order_of_values_and_stay_in_the_picture(one: float, other: float) -> None:
    scale = Scale(-100, 100)
    assert (scale.place(one) <= scale.place(other)) == (one <= other) or abs(one - other) < 1e-9
    assert 0 < scale.place(one) < 100


@given(st.lists(NUMBERS))
def test_a_scale_round_zero_holds_every_value_and_has_zero_in_the_middle(values: list[float]) -> None:
    scale = around_zero(values)
    assert scale.place(0) == pytest.approx(50) and all(scale.low <= value <= scale.high for value in values)
    assert 0 in [round(tick, 9) for tick in scale.ticks()] and 2 <= len(scale.ticks()) <= 9


@pytest.mark.parametrize(
    ("ends", "said"), [((0.1, 4), "better"), ((-4, -0.1), "worse"), ((-1, 1), "open"), (None, "open")]
)
def test_an_interval_that_holds_zero_says_nothing(ends: tuple[float, float] | None, said: str) -> None:
    assert effect(ends) == said
    assert said in difference_strip(around_zero([5]), 1.0, ends, 2.0, "spoken")


def test_a_dot_for_each_template_even_where_they_are_equal() -> None:
    templates = [(f"t{number}: 50.0", 50.0) for number in range(5)]
    strip = dot_strip(Dots("tuned", templates, 50.0, (40.0, 60.0), (50.0, 50.0), [("chance", 33.3)], "spoken"))
    heights = re.findall(r'<circle[^>]* cy="(\d+)"', strip)
    assert len(heights) == len(set(heights)) == 5
    assert f'x1="{SCORES.at(40)}" x2="{SCORES.at(60)}"' in strip and 'aria-label="spoken"' in strip


def test_the_curve_of_a_long_run_stays_small_and_holds_every_validation() -> None:
    steps = [
        StepLine(n, 3.0 + 1 / n, 1e-4, 1.0, 1, 1, 1, 1, 1, 0.1, 0.0, 2.0 if n % 4000 == 0 else None)
        for n in range(1, 20_001)
    ]
    curve = loss_curve(steps)
    points = re.search(r'<polyline points="([^"]*)" class="train thin"', curve)
    assert points and len(points[1].split()) <= MOST_POINTS and curve.count('class="validation"') == 6


@pytest.mark.parametrize("losses", [[2.0], [2.0, 2.0], [0.0, 0.0], [1e-9, 1e9]])
def test_a_curve_of_few_or_equal_losses_is_drawn(losses: list[float]) -> None:
    steps = [StepLine(n, loss, 1e-4, 1.0, 1, 1, 1, 1, 1, 0.1, 0.0) for n, loss in enumerate(losses, 1)]
    assert "nan" not in loss_curve(steps) and "<svg" in loss_curve(steps)


def test_shares_fill_the_bar() -> None:
    widths = re.findall(r' width="([\d.]+)%" y', share_bar([0.25, 0.0, 0.75], ["a", "b", "<c>"], "label"))
    assert sum(map(float, widths)) == 100 and len(widths) == 2


def test_numbers_as_a_reader_sees_them() -> None:
    assert [plain(-0.04), signed(-0.04), signed(8.26), signed(-12.5)] == ["0.0", "0.0", "+8.3", "−12.5"]
    assert limits(None) == "no interval" and limits((-1.0, 2.0), difference=True) == "[−1.0, +2.0]"
    assert [counted(1, "row"), counted(2, "class"), whole(1234567)] == ["1 row", "2 classes", "1\u202f234\u202f567"]
    assert [listed(["a"]), listed(["a", "b", "c"]), listed(list("abcd"), 2)] == ["a", "a, b and c", "a, b and 2 more"]
    assert [duration(4.04), duration(250), duration(7500)] == ["4.0 s", "4 min 10 s", "2 h 5 min"]
    assert "no interval" in scored(1.0, None, 3) and "3 rows" in scored(1.0, None, 3)
