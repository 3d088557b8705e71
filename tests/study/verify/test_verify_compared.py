"""Values are compared as JSON has them: any two that differ are told apart."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from unseen.study.verify.outcome import compared

Json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(Json)
def test_a_value_differs_from_no_copy_of_itself(value: Any) -> None:
    assert not list(compared(value, json.loads(json.dumps(value)), "here", 1e-9))


@given(Json, Json)
def test_values_that_differ_are_told_apart(one: Any, other: Any) -> None:
    """In either direction: keys that only one of them has count on its own side."""
    if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):
        return
    equal = one == other  # Python's 0 == False == 0.0
    assert equal or [*compared(one, other, "here"), *compared(other, one, "here")]
