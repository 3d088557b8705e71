"""Wordings that state constraints before the input: all of them, in many ways, and asked as every other set is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.cli import run
from unseen.diversify.constraints import Constraints, constraint_wordings, read_constraints
from unseen.diversify.review import check_wordings
from unseen.diversify.wording import Wording, WordingSet
from unseen.diversify.wording_file import read_wordings, write_wordings
from unseen.errors import WordingMistake

INSTRUCTION = "Judge whether it is true. Answer in the <sep> format."
WAYS = {
    "lexical": ("It holds the word thought.", "The word thought is in it."),
    "length": ("It is one line long.", "Keep it to a line.", "One line is enough."),
    "style": ("It is in lower case.", "Write small letters."),
}
CONSTRAINTS = Constraints(WAYS, "mine.yaml")
ASKED = WordingSet(
    INSTRUCTION,
    (Wording("train-0", "Is it true? Use <sep>.", ""), Wording("test-0", "True? Put it in <sep>.", "", "test")),
    ("<sep>",),
    secrets=("thought",),
    special=(Wording("bare", "", "<sep>", "test"),),
)


@given(seed=st.integers(0, 99), train=st.integers(1, 12))
def test_each_states_every_constraint_once_before_the_input_and_the_instruction_after(seed: int, train: int) -> None:
    made = constraint_wordings(CONSTRAINTS, ASKED, train, seed)
    assert len(made.of_side("train")) == train
    for wording in made.of_side("train"):
        assert wording.after == INSTRUCTION
        for ways in WAYS.values():
            assert sum(wording.before.count(way) for way in ways) == 1
    check_wordings(made, "made")


def test_what_is_asked_stays_and_nothing_is_secret_any_more() -> None:
    made = constraint_wordings(CONSTRAINTS, ASKED, 5)
    assert made.of_side("test") == ASKED.of_side("test") and made.special == ASKED.special
    assert (made.instruction, made.tokens, made.secrets) == (INSTRUCTION, ("<sep>",), ())


def test_more_wordings_begin_with_those_of_fewer_and_what_was_dropped_is_counted() -> None:
    few, many = (constraint_wordings(CONSTRAINTS, ASKED, count) for count in (5, 20))
    assert many.of_side("train")[:5] == few.of_side("train")
    assert many.made.tried == 20 + sum(many.made.dropped.values())
    texts = [each.before for each in many.of_side("train")]
    assert (
        len(set(texts)) == 20
        and constraint_wordings(CONSTRAINTS, ASKED, 5, seed=1).of_side("train")[0].before not in texts
    )


def test_too_few_ways_to_say_it_are_told() -> None:
    with pytest.raises(WordingMistake, match=r"has \d+ distinct wordings, not 900 \(dropped: .*add ways to say it"):
        constraint_wordings(Constraints({"length": ("One line.",)}, "mine.yaml"), ASKED, 900)
    negated = Constraints({"style": ("No capitals.",)}, "mine.yaml")
    with pytest.raises(WordingMistake, match=r"has 0 distinct wordings, not 1 \(dropped: negation 200\)"):
        constraint_wordings(negated, ASKED, 1)


def test_the_command_writes_a_set_that_passes_its_check(
    tmp_path: Path, write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    said = "".join(f"  {kind}:\n" + "".join(f"  - {way}\n" for way in ways) for kind, ways in WAYS.items())
    file, asked, out = write("mine.yaml", f"constraints:\n{said}"), tmp_path / "asked.yaml", tmp_path / "out.yaml"
    write_wordings(ASKED, asked)
    words = ["diversify", "constraints", str(file), "--wordings", str(asked), "--train", "6", "--out", str(out)]
    assert run(words) == 0
    assert "6 train, 1 test, 1 special" in capsys.readouterr().err
    assert read_wordings(out) == constraint_wordings(read_constraints(file), ASKED, 6)
    assert run(["diversify", "instructions", "--check", str(out)]) == 0
    assert run(words) == 2
    assert "is there already" in capsys.readouterr().err


def test_mistakes_of_a_file_are_told(write: Callable[[str, str], Path]) -> None:
    with pytest.raises(WordingMistake, match=r"constraints\.length: must not be empty"):
        read_constraints(write("mine.yaml", "constraints: {length: []}\n"))
    with pytest.raises(WordingMistake, match="unknown key 'constraint'"):
        read_constraints(write("other.yaml", "constraint: {}\nconstraints: {a: [It is short.]}\n"))
