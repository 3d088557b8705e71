"""Text overlap: the quick answers equal the plain ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from unseen.data.dataset import Dataset, Labels, Row
from unseen.prompt.template import Template
from unseen.task.content import Columns
from unseen.task.near import NearIndex, is_short
from unseen.task.ngrams import SHORTEST, GramIndex
from unseen.task.task import Task
from unseen.task.words import normalised

VOCABULARY = "the a cat dog sat on mat with hat 7 42 very old was not to be or ate"
words = st.sampled_from(VOCABULARY.split())
texts = st.lists(st.lists(words, min_size=1, max_size=25).map(" ".join), min_size=0, max_size=12)


def grams(text: str, n: int) -> set[str]:
    split = text.split(" ")
    return {" ".join(split[i : i + n]) for i in range(len(split) - n + 1)}


def meet(one: str, other: str, n: int) -> bool:
    """The definition, written plainly: a shared n-gram, or a whole text of 8 to n - 1 words inside the other."""
    shorter = min(one, other, key=lambda text: text.count(" "))
    inside = (
        min(SHORTEST, n) <= shorter.count(" ") + 1 < n
        and f" {shorter} " in f" {one} "
        and f" {shorter} " in f" {other} "
    )
    return bool(grams(one, n) & grams(other, n)) or inside


@given(seen=texts, unseen=texts, n=st.integers(5, 14))
@settings(deadline=None)
def test_shared_grams_are_those_of_the_definition(seen: list[str], unseen: list[str], n: int) -> None:
    index = GramIndex(unseen, n)
    text, gram = index.hits(seen)
    at, holder = index.holders(gram)
    found = set(zip(text[at].tolist(), holder.tolist(), strict=True))
    assert found == {(i, j) for i, a in enumerate(seen) for j, b in enumerate(unseen) if meet(a, b, n)}
    for i, number in zip(text.tolist(), gram.tolist(), strict=True):
        assert f" {index.words(number)} " in f" {seen[i]} "


@given(seen=texts, unseen=texts, near=st.sampled_from([0.6, 0.8, 0.9, 0.95, 0.99]))
@settings(deadline=None)
def test_near_duplicates_are_those_of_comparing_every_pair(seen: list[str], unseen: list[str], near: float) -> None:
    def numbers(text: str) -> list[str]:
        return sorted(word for word in text.split() if word.isdigit())

    def half_shared(one: str, other: str) -> bool:
        left, right = set(one.split()), set(other.split())
        return 2 * len(left & right) >= (len(left) + len(right)) / 2

    expected = {
        (i, j): pytest.approx(fuzz.ratio(a, b) / 100)
        for i, a in enumerate(seen)
        for j, b in enumerate(unseen)
        if fuzz.ratio(a, b) >= 100 * near - 1e-6 and numbers(a) == numbers(b) and half_shared(a, b)
    }
    assert {(i, j): measure for i, j, measure in NearIndex(unseen, near).hits(seen)} == expected


def test_texts_that_differ_in_a_number_are_not_near_duplicates() -> None:
    index = NearIndex(["what is the sum of 12 and 35"], 0.8)
    assert not list(index.hits(["what is the sum of 12 and 36"]))
    assert list(index.hits(["what is a sum of 12 and 35"]))


@pytest.mark.parametrize("text", ["good film", "word " * 65, "w" * 600 + " a b c d e"])
def test_very_short_and_long_texts_are_not_near_duplicates(text: str) -> None:
    assert not is_short(normalised(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It's not what it isn't.", "it 's not what it is n't"),
        ("The dogs’ bones — all “mine”!", "the dogs' bones, all mine"),
        ("ＦＵＬＬ ｗｉｄｔｈ", "full width"),
        ("snake_case words", "snake case words"),
    ],
)
def test_written_forms_meet(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


def test_scripts_without_spaces_have_a_word_a_character() -> None:
    assert normalised("今天天气很好。") == "今 天 天 气 很 好"


def columns(prompt: str, choices: Sequence[str] | None = None, labels: Labels | None = None) -> Columns:
    dataset = Dataset("d", "c", {}, ("d",), labels=labels)
    template = Template("t", prompt, "{{ answer_choices[label] }}", tuple(choices) if choices else None)
    return Columns.of([Task("c/d", dataset, (template,), "choose", ())])


def test_labels_ids_and_numbers_do_not_count() -> None:
    row = Row(
        "train", 0, {"id": "train-00017", "url": "https://a.b/c", "n": 12, "year": "1999", "label": 1, "text": "A cat."}
    )
    content = columns(
        "{{ id }} {{ url }} {{ n }} {{ year }} {{ text }}", labels=Labels("label", ("no", "yes"))
    ).content(row)
    assert content.cells == ("a cat",)
    assert content.whole == "a cat"


def test_label_words_do_not_count_as_text() -> None:
    row = Row("train", 0, {"gold": "Not entailment", "text": "A cat."})
    content = columns("{{ text }} {{ gold }}", labels=Labels("label", ("entailment", "not entailment"))).content(row)
    assert content.cells == ("a cat",)


def test_answer_choices_count_in_the_whole_row_only() -> None:
    row = Row("train", 0, {"p": "The man fell.", "options": ["He slipped.", "He flew."], "raw": {"a": "He flew."}})
    content = columns("{{ p }} {{ raw }}", ["{{ options[0] }}", "{{ options[1] }}"]).content(row)
    assert content.cells == ("the man fell",)
    assert content.whole == "he flew he slipped the man fell"


def test_columns_that_no_template_shows_do_not_count() -> None:
    row = Row("train", 0, {"text": "A cat.", "source_article": "A long article that nobody shows."})
    assert columns("{{ text }}").content(row).cells == ("a cat",)


def test_nested_values_and_conversations_are_read_through() -> None:
    row = Row(
        "train", 0, {"messages": [{"role": "user", "content": "Hello there."}, {"role": "assistant", "content": "Hi."}]}
    )
    assert "hello there" in columns("").content(row).cells


def test_rows_of_numbers_alone_are_compared_by_their_numbers() -> None:
    assert columns("{{ a }} {{ b }}").content(Row("train", 0, {"a": 12, "b": "35"})).whole == "12 35"
