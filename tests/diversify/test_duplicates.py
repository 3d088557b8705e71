"""Laws of duplicates: the first stays, what is kept does not depend on how texts are parted, nothing alike remains."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from unseen.diversify.duplicates import Known

WORDS = ["what", "is", "the", "best", "way", "to", "swim", "in", "winter", "sea"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join), min_size=1, max_size=25)
LONG = (
    "Write a letter to the owner of a small hotel by the sea, in which you thank her for a room with a view, ask for "
    "the recipe of the soup that was served on the last evening, and tell her that you would like to come again"
)


def reasons(known: Known, texts: list[str]) -> list[str | None]:
    return [fault and fault.reason for fault in known.judge(texts)]


def test_copies_are_left_out_whatever_their_case_and_punctuation() -> None:
    known = Known()
    assert reasons(known, ["What is a tide?", "what is a tide", "Why do cats purr when they sleep at night?"]) == [
        None, "equal to another", None,
    ]  # fmt: skip
    assert reasons(known, ["WHAT IS A TIDE", "Why do cats purr when they sleep at nights?", "What is a tie?"]) == [
        "equal to another", "nearly equal to another", None,
    ]  # fmt: skip
    assert known.judge(["what is a tide."])[0].beside == "What is a tide?"


def test_questions_that_differ_in_a_number_differ() -> None:
    assert (
        reasons(Known(), ["What is the sum of 12 and 35 and 7?", "What is the sum of 12 and 36 and 7?"]) == [None] * 2
    )


def test_long_texts_with_the_same_passages_are_left_out() -> None:
    other = "Plan a week of meals for four people who eat no meat, with a list of what to buy and what it costs, " * 2
    known = Known()
    assert reasons(known, [LONG, LONG + " next summer with both of your sisters", other]) == [
        None, "nearly equal to another", None,
    ]  # fmt: skip
    assert reasons(known, [f"{LONG} soon", other + LONG[:80]]) == ["nearly equal to another"] * 2


@given(texts=TEXTS, cut=st.integers(0, 25))
def test_what_is_kept_does_not_depend_on_how_texts_are_parted(texts: list[str], cut: int) -> None:
    whole, parted = Known(), Known()
    expected = reasons(whole, texts)
    assert reasons(parted, texts[:cut]) + reasons(parted, texts[cut:]) == expected
    assert parted.texts == whole.texts == [text for text, why in zip(texts, expected, strict=True) if why is None]


@given(texts=TEXTS)
def test_no_two_kept_texts_are_equal_or_nearly_so(texts: list[str]) -> None:
    known = Known()
    known.judge(texts)
    for one, other in combinations(known.texts, 2):
        alike = fuzz.ratio(one, other) >= 90 and min(one.count(" "), other.count(" ")) >= 4
        shared = len(set(one.split()) ^ set(other.split())) <= 0.5 * (len(set(one.split())) + len(set(other.split())))
        assert one != other and not (alike and shared)
