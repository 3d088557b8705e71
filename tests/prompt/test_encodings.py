"""Encodings: one name each, whichever way they are said; parts taken away one by one and in groups."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.errors import Mistakes, RecipeMistake
from unseen.prompt.encodings import NAMED, encoding_named, encoding_of, encodings_of
from unseen.prompt.instruction import ALL, LayoutName, PartName

PARTS = get_args(PartName)


@pytest.mark.parametrize(
    ("name", "layout", "parts", "positive", "negative", "explanations"),
    [
        ("tk_instruct", "tk_instruct", ("definition", "positive"), 2, ALL, False),
        ("definition", "tk_instruct", ("definition",), ALL, ALL, False),
        ("positive2", "tk_instruct", ("positive",), 2, ALL, False),
        ("definition+positive2+negative2", "tk_instruct", ("definition", "positive", "negative"), 2, 2, False),
        ("definition+positive+explanations", "tk_instruct", ("definition", "positive"), ALL, ALL, True),
        ("input", "tk_instruct", (), ALL, ALL, False),
        (
            "natural_instructions",
            "natural_instructions",
            ("definition", "prompt", "avoid", "emphasis", "negative", "positive"),
            ALL,
            ALL,
            True,
        ),
        ("natural_instructions:prompt", "natural_instructions", ("prompt",), ALL, ALL, False),
    ],
)
def test_what_the_names_mean(
    name: str, layout: str, parts: tuple[str, ...], positive: int, negative: int, explanations: bool
) -> None:
    found = encoding_named(name, "test")
    assert (found.name, found.layout, found.parts) == (name, layout, parts)
    assert (found.positive, found.negative, found.explanations) == (positive, negative, explanations)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("definition+positive2", "tk_instruct"),
        ("tk_instruct-positive", "definition"),
        ("tk_instruct-examples", "definition"),
        ("positive2+definition", "tk_instruct"),
        ("definition+positive0", "definition"),
        ("definition+explanations", "definition"),
        ("natural_instructions-negative-avoid", "natural_instructions-avoid-negative"),
        ("natural_instructions-examples", "natural_instructions-negative-positive"),
        ({}, "tk_instruct"),
        ({"positive": 1}, "definition+positive1"),
        ({"parts": ["definition", "negative"], "negative": 2}, "definition+positive2+negative2-positive"),
        ({"layout": "natural_instructions", "without": ["avoid", "negative"]}, "natural_instructions-avoid-negative"),
        ({"layout": "natural_instructions", "explanations": False}, "natural_instructions-explanations"),
        ({"layout": "natural_instructions", "parts": ["definition"]}, "natural_instructions:definition"),
    ],
)
def test_one_encoding_has_one_name(said: Any, name: str) -> None:
    found = encoding_named(said, "test") if isinstance(said, str) else encoding_of(said, "test")
    assert found == encoding_named(name, "test")


@given(
    layout=st.sampled_from(get_args(LayoutName)),
    parts=st.lists(st.sampled_from(PARTS), unique=True),
    positive=st.integers(0, 5),
    negative=st.integers(0, 5),
    explanations=st.booleans(),
)
def test_a_name_says_all_of_its_encoding(
    layout: str, parts: list[str], positive: int, negative: int, explanations: bool
) -> None:
    said = {"layout": layout, "parts": parts, "positive": positive, "negative": negative, "explanations": explanations}
    found = encoding_of(said, "test")
    assert encoding_named(found.name, "test") == found
    assert set(found.parts) == {part for part in parts if {"positive": positive, "negative": negative}.get(part, 1)}


@given(
    st.sampled_from(["tk_instruct", "natural_instructions", "definition+positive2+negative2+explanations"]), st.data()
)
def test_taking_parts_away_in_any_order_leaves_the_same(name: str, data: st.DataObject) -> None:
    whole = encoding_named(name, "test")
    gone = data.draw(st.lists(st.sampled_from(whole.parts), unique=True, min_size=1))
    left = encoding_named("-".join([name, *gone]), "test")
    assert left == encoding_named("-".join([name, *reversed(gone)]), "test")
    assert set(left.parts) == set(whole.parts) - set(gone) and left.name != whole.name


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("defintion", "did you mean 'definition'"),
        ("tk_instrct", "did you mean 'tk_instruct'"),
        ("tk_instruct-negative", "'negative' is no part of the encoding 'tk_instruct'"),
        ("tk_instruct-explanations", "'explanations' is no part"),
        ("flan:definition", "no layout 'flan'"),
        ("definition+definition", "names the part 'definition' twice"),
        ("", "no part of an instruction"),
        ({"without": ["avoid"]}, "'avoid' is no part"),
    ],
)
def test_what_cannot_be_is_told_with_the_nearest(said: Any, words: str) -> None:
    with pytest.raises(RecipeMistake, match=words):
        encodings_of([said], "recipe: instructions")


def test_all_wrong_encodings_are_told_at_once_and_doubles_too() -> None:
    with pytest.raises(Mistakes) as caught:
        encodings_of(["defintion", "tk_instruct", "definition+positive2", "foo:x"], "recipe")
    assert len(caught.value.lines) == 3 and "names the encoding 'tk_instruct' twice" in caught.value.lines[1]


def test_named_encodings_go_by_their_names() -> None:
    assert {name: encoding_named(name, "test").name for name in NAMED} == {name: name for name in NAMED}
