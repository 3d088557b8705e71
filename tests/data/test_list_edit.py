"""A list in a YAML file is edited in its text: the rest stays as it stands."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from unseen.data.list_edit import Edited, entry_text, with_list
from unseen.errors import DataMistake

FILE = """# my own reviews
dataset: reviews   # a name
templates:
  # the first that I wrote
  - name: liked
    prompt: |-
      {{ text }}

      Liked it? # no comment
    answer_choices: ["no", "yes"]
    completion: "{{ answer_choices[label] }}"

  # asked by a friend
  - {name: friend, prompt: "{{ text }}", completion: x}
# last words
metrics: [accuracy]
"""
OLD = yaml.safe_load(FILE)["templates"]
NEW = {"name": "third", "prompt": "{{ text }}\n\nWhat is it?", "completion": "a film"}

CHARACTERS = st.one_of(st.sampled_from("\n\n #-{}'\"|:a"), st.characters(codec="utf-8", exclude_categories=["Cs"]))
TEXT = st.text(CHARACTERS, max_size=30)
VALUE = st.one_of(TEXT, st.booleans(), st.lists(TEXT, max_size=3))
ENTRY = st.dictionaries(st.sampled_from(["name", "prompt", "completion", "references", "turned"]), VALUE, min_size=1)


def test_an_entry_behind_the_others_changes_no_other_line() -> None:
    edited = with_list(FILE, "f", "templates", [*OLD, NEW])
    added = "  - name: third\n    prompt: |-\n      {{ text }}\n\n      What is it?\n    completion: a film\n"
    assert edited == Edited(FILE.replace("# last words", added + "# last words"))


def test_an_entry_that_is_changed_keeps_the_comments_around_it() -> None:
    edited = with_list(FILE, "f", "templates", [{**OLD[0], "completion": "yes"}, OLD[1]])
    assert edited.comments_lost == 0
    assert edited.text == FILE.replace('completion: "{{ answer_choices[label] }}"', "completion: 'yes'")


def test_comments_inside_what_is_written_anew_are_counted() -> None:
    text = FILE.replace('"yes"]\n', '"yes"]  # in this order\n    # the answer:\n')
    edited = with_list(text, "f", "templates", [{**OLD[0], "name": "renamed"}, OLD[1]])
    assert edited.comments_lost == 2 and "in this order" not in edited.text and "asked by a friend" in edited.text


def test_an_entry_goes_with_the_comments_before_it() -> None:
    edited = with_list(FILE, "f", "templates", [OLD[0]])
    assert edited.comments_lost == 1 and "asked by" not in edited.text and "# last words" in edited.text


@pytest.mark.parametrize("text", ["a: 1", "a: 1\n", "templates: []\na: 1\n", "a: 1\ntemplates:\n", "a: 1\r\n"])
def test_a_list_may_begin_where_there_was_none(text: str) -> None:
    edited = with_list(text, "f", "templates", [NEW])
    assert yaml.safe_load(edited.text) == {"a": 1, "templates": [NEW]}
    assert ("\r\n" in text) == ("\r\n" in edited.text) and "\n\n\n" not in edited.text


def test_windows_line_ends_stay() -> None:
    edited = with_list(FILE.replace("\n", "\r\n"), "f", "templates", [*OLD, NEW])
    assert edited.text.count("\n") == edited.text.count("\r\n")


@pytest.mark.parametrize("text", ["{dataset: x}\n", "a: &x [1]\ntemplates:\n  - &one {name: a}\nb: *one\n"])
def test_what_cannot_be_edited_without_harm_is_refused(text: str) -> None:
    with pytest.raises(DataMistake, match="by hand"):
        with_list(text, "f", "templates", [NEW])


@pytest.mark.parametrize(
    "text", ["a\n\n", "\n", "\n\na", " a\nb", "a \nb", "a\n ", "a\n\n\n b\n", "- a\n# b\n", "---\n...\n"]
)
def test_texts_with_odd_ends_and_beginnings_stay(text: str) -> None:
    entries = [{"name": "a", "prompt": text, "completion": "x"}, NEW]
    assert yaml.safe_load(with_list(FILE, "f", "templates", entries).text)["templates"] == entries


@given(st.lists(ENTRY, max_size=4), st.lists(ENTRY, max_size=4))
def test_an_edited_file_says_the_new_list_and_the_old_rest(old: list[Any], new: list[Any]) -> None:
    text = "# head\na: [1]  # one\ntemplates:\n" + "".join(entry_text(each, 2) + "\n  # note\n" for each in old)
    text = (text if old else "a: [1]\n") + "z: end\n"
    edited = with_list(text, "f", "templates", new)
    assert yaml.safe_load(edited.text) == {"a": [1], "templates": new, "z": "end"}
