"""IBM model 1: the published numbers of the textbook's example, and what holds for any sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.diversify.alignment import translation_probabilities

# Koehn 2010, Statistical Machine Translation, figure 4.5: t(e | f) after one, two and three rounds.
SENTENCES = [("das haus", "the house"), ("das buch", "the book"), ("ein buch", "a book")]
PUBLISHED = {
    ("das", "the"): (0.5, 0.6364, 0.7479),
    ("das", "book"): (0.25, 0.1818, 0.1208),
    ("das", "house"): (0.25, 0.1818, 0.1313),
    ("buch", "the"): (0.25, 0.1818, 0.1208),
    ("buch", "book"): (0.5, 0.6364, 0.7479),
    ("buch", "a"): (0.25, 0.1818, 0.1313),
    ("ein", "book"): (0.5, 0.4286, 0.3466),
    ("ein", "a"): (0.5, 0.5714, 0.6534),
    ("haus", "the"): (0.5, 0.4286, 0.3466),
    ("haus", "house"): (0.5, 0.5714, 0.6534),
}


def split(sentences: list[tuple[str, str]]) -> list[tuple[list[str], list[str]]]:
    return [(source.split(), target.split()) for source, target in sentences]


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_the_rounds_of_the_textbook(rounds: int) -> None:
    found = translation_probabilities(split(SENTENCES), rounds)
    assert found.keys() == PUBLISHED.keys()
    for pair, numbers in PUBLISHED.items():
        assert found[pair] == pytest.approx(numbers[rounds - 1], abs=5e-5), pair


def test_a_word_that_stands_twice_counts_twice() -> None:
    """One round from uniform: `a a b` gives its one target word to `a` with 2/3; t is normalised by source."""
    found = translation_probabilities([(["a", "a", "b"], ["x"]), (["b"], ["y"])], 1)
    assert found == pytest.approx({("a", "x"): 1.0, ("b", "x"): (1 / 3) / (4 / 3), ("b", "y"): 1 / (4 / 3)})


words = st.lists(st.sampled_from("abcd"), max_size=4)
sentences = st.lists(st.tuples(words, words), max_size=6)


@given(sentences)
def test_a_source_words_probabilities_add_up_to_one_in_whatever_order_sentences_come(
    pairs: list[tuple[list[str], list[str]]],
) -> None:
    found = translation_probabilities(pairs, 3)
    totals: dict[str, float] = {}
    for (source, _), value in found.items():
        totals[source] = totals.get(source, 0.0) + value
    assert all(total == pytest.approx(1.0) for total in totals.values())
    turned = translation_probabilities(pairs[::-1], 3)
    assert turned == pytest.approx(found)


def test_sentences_without_words_say_nothing() -> None:
    assert translation_probabilities([([], ["x"]), (["a"], [])]) == {}
