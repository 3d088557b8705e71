"""What a probe keeps survives a kill, and nothing else is found in its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.errors import DataMistake
from unseen.probe.kept import STEPS, Kept, key_of
from unseen.probe.key_words import key_words


def test_what_was_kept_is_not_computed_again(tmp_path: Path) -> None:
    first = Kept(tmp_path)
    assert first.once(key_of(model="a", row=1), lambda: {"nats": 0.5}) == {"nats": 0.5}
    assert first.find(key_of(model="a", row=1)) == {"nats": 0.5} and first.reused == 0
    again = Kept(tmp_path)
    assert again.once(key_of(row=1, model="a"), lambda: pytest.fail("computed twice")) == {"nats": 0.5}
    assert again.reused == 1
    assert again.find(key_of(model="b", row=1)) is None


@pytest.mark.parametrize("cut", [1, 9, 28])
def test_a_line_that_a_kill_cut_off_is_done_again_and_the_others_stay(tmp_path: Path, cut: int) -> None:
    kept = Kept(tmp_path)
    kept.keep("one", [1])
    kept.keep("two", [2])
    path = tmp_path / STEPS
    path.write_bytes(path.read_bytes()[:-cut])
    again = Kept(tmp_path)
    assert (again.find("one"), again.find("two")) == ([1], None)
    again.keep("two", [2])
    assert Kept(tmp_path).find("two") == [2]


def test_key_words_are_those_of_the_description_without_the_words_of_every_text() -> None:
    found = key_words("A Python dictionary in braces, with where it is; the Dictionary is urgent")
    assert found.words == ("Python", "dictionary", "braces", "urgent")
    assert found.left_out == ("A", "in", "with", "where", "it", "is", "the")


@given(st.lists(st.sampled_from(["brace", "the", "Key", "key", "value", "of"]), min_size=1))
def test_every_word_is_a_key_word_or_left_out_and_none_is_both(words: list[str]) -> None:
    found = key_words(" ".join([*words, "slip"]))
    folded = [word.casefold() for word in (*found.words, *found.left_out)]
    assert sorted(folded) == sorted({word.casefold() for word in [*words, "slip"]})


def test_listed_words_must_stand_there_whole() -> None:
    assert key_words("where keys are", ["keys", "keys"]).words == ("keys",)
    with pytest.raises(DataMistake, match="'key' does not stand in the description"):
        key_words("where keys are", ["key"])
    with pytest.raises(DataMistake, match="holds no word to compare with"):
        key_words("it is the")
