"""Decisions about texts: a file that only grows, and what is kept of the texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.diversify.made_reviews import chats_file, wordings_file
from unseen.diversify.checks import NEAR
from unseen.diversify.decisions import DID, Decision, Decisions, decide, read_decisions, review_path, undo
from unseen.diversify.review import faults_in
from unseen.diversify.reviewed import as_decided, faults_now, kept, read_source, write_reviewed
from unseen.diversify.similarity import Likeness, alike
from unseen.diversify.wording import Wording, WordingSet
from unseen.diversify.wording_file import read_wordings
from unseen.errors import DataMistake, UserMistake

decisions = some.lists(
    some.one_of(some.none(), some.builds(Decision, some.sampled_from("abc"), some.sampled_from(DID))), max_size=20
)


@given(decisions)
def test_undo_takes_back_one_decision_after_the_other(tmp_path_factory: pytest.TempPathFactory, made: list) -> None:  # type: ignore[type-arg]
    """None stands for an undo: what stands is what a stack holds."""
    file, stack = tmp_path_factory.mktemp("d") / "w.yaml", []
    for each in made:
        if each is None:
            assert undo(file) == (stack.pop() if stack else None)
        else:
            decide(file, each)
            stack.append(each)
    assert read_decisions(file) == Decisions(tuple(stack))


def test_what_nobody_can_read_is_counted_and_the_rest_stands(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    decide(file, Decision("a", "drop"))
    with review_path(file).open("a") as opened:
        opened.write('nonsense\n{"item": 3, "did": "drop"}\n{"item": "b", "did": "burn"}\n[]\n')
    decide(file, Decision("b", "keep"))
    found = read_decisions(file)
    assert [each.item for each in found.made] == ["a", "b"] and found.unread == 4


def test_a_line_that_was_cut_short_does_not_swallow_the_next_decision(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    decide(file, Decision("a", "drop"))
    with review_path(file).open("a") as opened:
        opened.write('{"item": "b", "di')
    decide(file, Decision("c", "keep"))
    assert read_decisions(file) == Decisions((Decision("a", "drop"), Decision("c", "keep")), unread=1)


def test_a_text_that_is_too_long_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="20001 characters"):
        decide(tmp_path / "w.yaml", Decision("a", "edit", {"before": "x" * 20_001}))
    assert not review_path(tmp_path / "w.yaml").exists()


def test_a_dropped_edit_comes_back_with_its_text(tmp_path: Path) -> None:
    file = wordings_file(tmp_path)
    for each in (Decision("a", "edit", {"before": "In <sep>: so?"}), Decision("a", "drop"), Decision("a", "keep")):
        decide(file, each)
    source, standing = read_source(file), read_decisions(file).standing
    assert as_decided(source, standing)[0].texts == {"before": "In <sep>: so?", "after": ""}
    assert len(kept(source, standing)) == 3


def test_what_is_kept_of_wordings_reads_back_and_the_file_stays_as_it_was(tmp_path: Path) -> None:
    file = wordings_file(tmp_path)
    before = file.read_bytes()
    decide(file, Decision("b", "drop"))
    decide(file, Decision("a", "edit", {"before": "", "after": "So, is that true? Go by <sep>."}))
    path = write_reviewed(read_source(file), read_decisions(file))
    found = read_wordings(path)
    assert [each.name for each in found.wordings] == ["a", "c"] and file.read_bytes() == before
    assert found.wordings[0].after == "So, is that true? Go by <sep>." and found.wordings[0].features.act == "command"


def test_nothing_decided_writes_the_same_wordings(tmp_path: Path) -> None:
    file = wordings_file(tmp_path)
    assert read_wordings(write_reviewed(read_source(file), Decisions())) == read_wordings(file)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Is it true?", "does not name every token"),
        ("In <sep> and braces: is it true?", "says a secret word"),
        ("", "has no text"),
        ("Could you judge this claim? Use <sep>!", "says the same as 'a'"),
    ],
)
def test_an_edit_is_checked_again(tmp_path: Path, text: str, fault: str) -> None:
    file = wordings_file(tmp_path)
    decide(file, Decision("a", "edit", {"before": text}))
    source, made = read_source(file), read_decisions(file)
    assert fault in str(faults_now(source, made.standing))
    with pytest.raises(UserMistake, match=fault):
        write_reviewed(source, made)


@given(
    some.lists(
        some.lists(some.sampled_from(["one", "two", "three", "four", "five", "six", "seven", "eight"])), max_size=12
    )
)
def test_repeats_are_those_that_comparing_all_pairs_finds(texts: list[list[str]]) -> None:
    wordings = tuple(Wording(f"w{place}", " ".join(words), "") for place, words in enumerate(texts))
    found = {each.name for each in faults_in(WordingSet("Say it.", wordings)) if "as 'w" in each.what}
    likeness = Likeness()
    marks = [likeness.mark(each.text) for each in wordings]
    alikes = {f"w{n}" for n, one in enumerate(marks) if any(alike(one, other) >= NEAR for other in marks[:n])}
    assert found == alikes


def test_a_set_without_a_test_side_is_not_written(tmp_path: Path) -> None:
    file = wordings_file(tmp_path)
    decide(file, Decision("c", "drop"))
    with pytest.raises(DataMistake, match="no test wording left"):
        write_reviewed(read_source(file), read_decisions(file))


def test_what_is_kept_of_chats_keeps_its_other_keys(tmp_path: Path) -> None:
    file = chats_file(tmp_path)
    decide(file, Decision("q1", "edit", {"answer": "It scatters."}))
    decide(file, Decision("q2", "drop"))
    path = write_reviewed(read_source(file), read_decisions(file))
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert [each["id"] for each in written] == ["q1"] and written[0]["more"] == 1
    assert [turn["content"] for turn in written[0]["messages"]] == ["Why is the sky blue?", "It scatters."]


def test_ids_that_stand_twice_are_told_apart_and_other_lines_counted(tmp_path: Path) -> None:
    file = chats_file(tmp_path)
    file.write_text(file.read_text() * 2 + "\nnonsense\n[]\n" + '{"messages": [1, 2]}\n')
    source = read_source(file)
    assert [each.name for each in source.items] == ["q1", "q2", "q1, line 3", "q2, line 4"] and source.left_out == 3
    assert "equal to that of q1" in str(faults_now(source, {}))
    decide(file, Decision("q1, line 3", "drop"))
    assert len(write_reviewed(source, read_decisions(file)).read_text().splitlines()) == 3


@pytest.mark.parametrize("name", ["passwd", "w.txt", "gone.yaml", "w.yaml.review.jsonl"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "passwd").write_text("x")
    (tmp_path / "w.yaml.review.jsonl").write_text("{}")
    with pytest.raises(DataMistake):
        read_source(tmp_path / name)
