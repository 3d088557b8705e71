"""Facts about a token: where they come from, and the questions that are asked about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.diversify.fact_questions import asked_about, grammar
from unseen.diversify.facts import Facts, facts_of, read_facts, write_facts
from unseen.errors import UserMistake, WordingMistake

WORD = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=8)
SENTENCES = st.lists(WORD, min_size=2, max_size=12).map(lambda words: " ".join(["<t>", *words]).rstrip(".;!"))


@pytest.mark.parametrize(
    ("description", "facts"),
    [
        (
            "a Python dictionary in braces with where it is and whether it is urgent",
            ["a Python dictionary in braces", "where it is", "whether it is urgent"],
        ),
        ("a short, polite answer", ["a short, polite answer"]),
        ("salt and pepper", ["salt and pepper"]),
        (
            "Answer in JSON. It has two keys: the first one, and the second one.",
            ["Answer in JSON", "It has two keys", "the first one", "the second one"],
        ),
    ],
)
def test_a_description_is_split_into_its_sentences_and_clauses(description: str, facts: list[str]) -> None:
    found = facts_of("<t>", description)
    means = "<t> means" if len(facts) == 1 else "A part of what <t> means"
    assert found == Facts("<t>", tuple(f"{means}: {fact}" for fact in facts), "description")


def test_a_sentence_that_names_the_token_stays_as_it_is() -> None:
    said = facts_of("<t>", "<t> is a list, e.g. of names. It is short.").sentences
    assert said == ("<t> is a list, e.g. of names", "A part of what <t> means: It is short")


@given(facts=st.lists(SENTENCES, min_size=1, max_size=5, unique=True), per_fact=st.integers(1, 20))
def test_every_fact_is_asked_for_as_often_and_answered_with_itself(facts: list[str], per_fact: int) -> None:
    made = asked_about(Facts("<t>", tuple(facts), "file"), per_fact)
    assert len(made.pairs) + made.dropped == len(facts) * per_fact
    assert Counter(made.by_question).total() == len(made.pairs)
    assert len({pair.question for pair in made.pairs}) == len(made.pairs)
    for pair in made.pairs:
        assert any(fact in pair.answer or fact.endswith(pair.answer[:-1]) for fact in facts)
        assert "{" not in pair.question.replace("".join(facts), "") or "{" in "".join(facts)


def test_more_questions_begin_with_those_of_fewer_and_another_seed_asks_others() -> None:
    facts = Facts("<t>", ("<t> is a list of names",), "file")
    few, many, other = (asked_about(facts, *each).pairs for each in ((4,), (9,), (4, 1)))
    assert many[:4] == few and other != few
    assert len(asked_about(facts, len(grammar())).pairs) == len(grammar())
    with pytest.raises(WordingMistake, match=f"ask for at most {len(grammar())}"):
        asked_about(facts, len(grammar()) + 1)


def test_a_question_by_hand() -> None:
    pairs = asked_about(Facts("<t>", ("<t> is a list of names",), "file"), len(grammar())).pairs
    said = {pair.question: pair.answer for pair in pairs}
    assert said['Finish this sentence: "<t> is a ..."'] == "<t> is a list of names."
    assert said['Fill in the gap: "<t> is a ____"'] == "list of names."
    assert said['Which token is this about? "____ is a list of names."'] == (
        "<t>. The whole of it: <t> is a list of names."
    )
    assert said["What does point 1 of 1 about <t> say?"] == "<t> is a list of names."


@given(facts=st.lists(SENTENCES, min_size=1, max_size=5, unique=True))
def test_what_is_written_is_read_back(facts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("facts") / "facts.yaml"
    write_facts(Facts("<t>", tuple(facts), "file"), path)
    assert read_facts(path).sentences == tuple(facts)


def test_all_mistakes_of_a_file_are_told(write: Callable[[str, str], Path]) -> None:
    path = write("facts.yaml", "token: <t>\nfacts: [It is short, <t> is short., <t> is short]\n")
    with pytest.raises(UserMistake) as caught:
        read_facts(path)
    assert "fact 1 is no sentence about <t>: 'It is short'; write one that names <t>" in str(caught.value)
    assert "fact 3 stands there before" in str(caught.value)
    with pytest.raises(WordingMistake, match="unknown key 'fact'"):
        read_facts(write("other.yaml", "token: <t>\nfact: [<t> is short]\nfacts: [<t> is short]\n"))
    with pytest.raises(WordingMistake, match="has no description to take facts from"):
        facts_of("<t>", " ")
