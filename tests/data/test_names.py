"""Names that cannot be: what they may hold is said in words, and the nearest one is offered."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.data.description_file import NAME
from unseen.names import EXAMPLE, advice, possible, rule

SMALL = "^[a-z0-9][a-z0-9_.-]*$"


@given(st.text(), st.sampled_from([NAME, SMALL]))
def test_what_is_offered_is_a_name(text: str, pattern: str) -> None:
    offered = advice(text, pattern).removeprefix("try ")
    assert re.fullmatch(pattern.strip("^$"), offered)
    assert possible(offered, pattern) == offered


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("my reviews", "my_reviews"),
        ("Mes avis d'été (2026).csv", "Mes_avis_d_ete_2026_.csv"),
        (".hidden", "hidden"),
        ("_a", "a"),
        ("отзывы", EXAMPLE),
        ("", EXAMPLE),
        ("a" * 300, "a" * 80),
    ],
)
def test_the_nearest_name(typed: str, offered: str) -> None:
    assert advice(typed, NAME) == f"try {offered}"


def test_a_rule_is_said_in_words() -> None:
    assert rule(NAME) == "may hold letters (a to z, A to Z), digits and _ . + -, and begins with a letter or digit"
    assert rule(SMALL).startswith("may hold small letters (a to z), digits and _ . -, and")
    assert rule("^(yes|no)$") == "must match ^(yes|no)$"
    assert possible("Some Name", SMALL) == "some_name" and possible("a", f"{NAME[:-1]}/{NAME[1:]}") == ""
