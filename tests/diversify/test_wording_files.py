"""Files of wordings: written, read back, edited, and looked through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.diversify.form import Form, checked_form
from unseen.diversify.grammar_wordings import grammar_wordings
from unseen.diversify.review import check_wordings
from unseen.diversify.wording_file import read_wordings, write_wordings
from unseen.errors import UserMistake

FORM = checked_form(Form("judge whether the response is true", "", "the record", ("<sep>",)), "form")
FILE = """\
instruction: Judge whether the response is true. Answer in the <sep> format.
tokens: [<sep>]
secrets: [thought]
train:
  - {name: a, before: "Could you tell if it is true, in <sep>?"}
  - {name: b, after: "I need a verdict in <sep>.", features: {frames: [core/need]}}
test:
  - {name: c, before: Look at it., after: "Then use <sep> to say if it holds."}
special:
  - {name: no_token, after: "Is it true?"}
"""
SECOND = 'Look at it., after: "Then use <sep> to say if it holds."'


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    made = grammar_wordings(FORM, 60, 20, 3, ("thought",))
    write_wordings(made, tmp_path / "new" / "wordings.yaml")
    assert read_wordings(tmp_path / "new" / "wordings.yaml") == made
    assert (
        (tmp_path / "new" / "wordings.yaml")
        .read_text("utf-8")
        .startswith(
            "# unseen diversify instructions --check wordings.yaml\ninstruction: Judge whether the response is true."
        )
    )


def test_a_person_may_leave_out_all_but_names_and_texts(write: Callable[[str, str], Path]) -> None:
    read = read_wordings(write("w.yaml", FILE))
    check_wordings(read, "w.yaml")
    assert [(each.name, each.side, each.place) for each in read.wordings] == [
        ("a", "train", "before"),
        ("b", "train", "after"),
        ("c", "test", "around"),
    ]


def test_every_mistake_of_shape_is_told_at_once(write: Callable[[str, str], Path]) -> None:
    text = FILE.replace("secrets:", "secret:").replace("after: Then", "afterr: Then").replace("name: a,", "name: 1,")
    with pytest.raises(UserMistake) as caught:
        read_wordings(write("w.yaml", text.replace('after: "Then', 'afterr: "Then')))
    told = "\n".join(caught.value.lines)
    assert len(caught.value.lines) == 3
    for part in (
        "unknown key 'secret'; did you mean 'secrets'",
        "'test.0.afterr'; did you mean 'after'",
        "train.0.name",
    ):
        assert part in told


def test_a_file_without_test_wordings_is_refused(write: Callable[[str, str], Path]) -> None:
    with pytest.raises(UserMistake, match="test: is missing"):
        read_wordings(write("w.yaml", FILE[: FILE.index("test:")]))


def test_two_wordings_with_one_name_are_a_mistake(write: Callable[[str, str], Path]) -> None:
    with pytest.raises(UserMistake, match="2 wordings are called 'a'"):
        read_wordings(write("w.yaml", FILE.replace("name: c", "name: a")))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("in <sep>?", "in it?", "'a': does not name every token"),
        ("a verdict", "a thought", "'b': says a secret word"),
        ("I need", "I never need", "'b': negates or forbids"),
        ("Look at it.", "Look above.", "'c': says where the input is"),
        ("Look at it.", "'Look at {it}.'", "'c': has a slot that nobody filled"),
        (SECOND, "I need a verdict in <sep>", "'c': says the same as 'b'"),
        (SECOND, '"judge whether the response is true; answer in the <sep> format!"', "the same as the instruction"),
        (SECOND, "Use <sep>., features: {frames: [core/need]}", "'c': is made of the frame 'core/need'"),
        (
            "special:",
            "contrast: [{name: d, before: 'Is it true?'}]\nspecial:",
            "'no_token': says the same as 'd', which is",
        ),
    ],
)
def test_what_a_person_broke_is_told(write: Callable[[str, str], Path], old: str, new: str, says: str) -> None:
    assert old in FILE
    with pytest.raises(UserMistake) as caught:
        check_wordings(read_wordings(write("w.yaml", FILE.replace(old, new))), "w.yaml")
    assert len(caught.value.lines) == 1 and says in caught.value.lines[0]


def test_every_mistake_of_the_texts_is_told_at_once(write: Callable[[str, str], Path]) -> None:
    text = FILE.replace("in <sep>?", "in it?").replace("a verdict", "no thought")
    with pytest.raises(UserMistake) as caught:
        check_wordings(read_wordings(write("w.yaml", text)), "w.yaml")
    assert len(caught.value.lines) == 3


def test_the_file_that_the_page_shows_passes(write: Callable[[str, str], Path]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "wordings.md").read_text("utf-8")
    shown = page.split("```yaml\n")[1].split("```")[0]
    read = read_wordings(write("w.yaml", shown))
    check_wordings(read, "w.yaml")
    assert [each.name for each in read.wordings] == ["mine", "other"]
