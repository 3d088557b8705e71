"""Laws of the wordings that the grammar makes of a form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.diversify.checks import secret_in
from unseen.diversify.form import Form, checked_form
from unseen.diversify.frames import frames
from unseen.diversify.grammar_wordings import grammar_wordings
from unseen.diversify.review import check_wordings
from unseen.diversify.similarity import Likeness, alike
from unseen.errors import WordingMistake

TASKS = [
    "judge whether the response holds a hallucination",
    "translate the sentence into Icelandic",
    "read the record and decide who is right",
    "summarise",
    "tell ChatGPT's answer from the person's",
    "carefully list every error, then mend it",
]
FORMS = st.builds(
    lambda task, noun, tokens, what, details: checked_form(
        Form(task, "", noun, tuple(tokens), what, tuple(details)), "form"
    ),
    st.sampled_from(TASKS),
    st.sampled_from(["the text", "the record", "the question and its answer", "this letter"]),
    st.lists(st.sampled_from(["<sep>", "<b>", "[END]", "DICT", "{{x}}", "*"]), max_size=2, unique=True),
    st.sampled_from(["format", "style", "layout"]),
    st.lists(st.sampled_from(["Be brief.", "Do not use lists.", "Is it long? Cut it."]), max_size=1),
)
FORM = checked_form(Form(TASKS[0], "", "the record", ("<sep>",)), "form")


@given(FORMS, st.integers(0, 5))
@settings(max_examples=15)
def test_the_same_form_and_seed_give_the_same_wordings(form: Form, seed: int) -> None:
    made = grammar_wordings(form, 8, 4, seed)
    assert made == grammar_wordings(form, 8, 4, seed)
    assert made.wordings != grammar_wordings(form, 8, 4, seed + 1).wordings


@given(FORMS, st.integers(0, 3))
@settings(max_examples=15)
def test_more_wordings_extend_fewer(form: Form, seed: int) -> None:
    few, many = grammar_wordings(form, 5, 3, seed), grammar_wordings(form, 12, 9, seed)
    assert many.of_side("train")[:5] == few.of_side("train")
    assert many.of_side("test")[:3] == few.of_side("test")


@given(FORMS, st.integers(0, 20))
@settings(max_examples=25)
def test_a_test_wording_shares_no_frame_with_a_train_wording(form: Form, seed: int) -> None:
    made = grammar_wordings(form, 30, 15, seed)
    trained, asked = (
        {frame for each in made.of_side(side) for frame in each.features.frames} for side in ("train", "test")
    )
    assert trained and asked and not trained & asked
    groups = {f"clause/{each.name}": each.family.group for each in frames("clause") if each.family.group}
    assert not {groups.get(each) for each in trained} & {groups.get(each) for each in asked} - {None}
    assert not asked & {"core/order", "clause/answer_in", "clause/and_answer"}, "how instructions are usually put"


@given(FORMS, st.integers(0, 20))
@settings(max_examples=25)
def test_every_wording_holds_its_tokens_as_often_as_it_says_and_its_task_once(form: Form, seed: int) -> None:
    for wording in grammar_wordings(form, 20, 10, seed).wordings:
        assert [wording.mentions_of(token) for token in form.tokens] == [wording.features.mentions] * len(form.tokens)
        said = wording.text.lower()
        assert said.count(form.task.lower()) + (said.count(form.doing.lower()) if form.doing else 0) == 1
        assert all(detail in wording.text for detail in form.details)


@given(FORMS, st.integers(0, 20))
@settings(max_examples=25)
def test_what_the_grammar_makes_passes_the_review(form: Form, seed: int) -> None:
    check_wordings(grammar_wordings(form, 30, 15, seed), "made")


def test_secret_words_are_dropped_and_counted() -> None:
    secrets = ("careful", "give an answer", "respond")
    made = grammar_wordings(FORM, 200, 60, 0, secrets)
    assert made.made.dropped["secret"] > 0
    assert not any(secret_in(secret, each.text) for each in made.wordings for secret in secrets)
    free = grammar_wordings(FORM, 200, 60, 0)
    assert any(secret_in("respond", each.text) for each in free.wordings), "else the secret was no test"


def test_what_was_tried_was_kept_or_is_counted() -> None:
    made = grammar_wordings(FORM, 400, 100)
    assert made.made.tried == len(made.wordings) + sum(made.made.dropped.values())


def test_one_form_has_thousands_of_distinct_wordings() -> None:
    made = grammar_wordings(FORM, 1000, 1, 1)
    likeness = Likeness(made.shared)
    marks = [likeness.mark(each.text) for each in made.of_side("train")]
    assert len(set(marks)) == 1000


def test_wordings_vary_on_every_axis_and_acts_are_even() -> None:
    made = grammar_wordings(FORM, 100, 50).of_side("train")
    acts = [each.features.act for each in made]
    assert {act: acts.count(act) // 5 * 5 for act in acts} == dict.fromkeys(
        ("command", "request", "need", "hint", "role"), 20
    )
    assert {each.features.register for each in made} == {"plain", "formal", "casual"}
    assert {each.features.perspective for each in made} == {"you", "I", "we", "impersonal", "passive"}
    assert {each.place for each in made} == {"before", "after", "around"}
    assert {each.features.mentions for each in made} == {1, 2}
    assert {"terse", "one sentence", "two sentences"} <= {each.features.length for each in made}
    assert len({each.features.typography for each in made}) > 8


def test_a_form_without_a_token_is_worded_without_one() -> None:
    made = grammar_wordings(checked_form(Form("summarise the article", ""), "form"))
    assert len(made.wordings) == 80 and not made.special
    assert not any(frame.startswith("clause/") for each in made.wordings for frame in each.features.frames)


def test_special_wordings_are_the_bare_token_one_that_forbids_it_and_one_without() -> None:
    assert {each.name: each.text for each in grammar_wordings(FORM, contrast=0).special} == {
        "bare": "<sep>",
        "forbidding": "Judge whether the response holds a hallucination. Do NOT use the <sep> format.",
        "no_token": "Judge whether the response holds a hallucination.",
    }


def test_contrast_wordings_leave_the_token_out_or_forbid_it_and_share_no_frame_with_those_that_are_asked() -> None:
    made = grammar_wordings(FORM, contrast=6)
    tuned, asked = made.contrast, [each for each in made.special if each.features.frames]
    assert [sum("no_token" in each.name for each in side) for side in (tuned, asked)] == [6, 2]
    assert [sum("forbidding" in each.name for each in side) for side in (tuned, asked)] == [6, 2]
    for each in (*tuned, *asked):
        assert each.mentions_of("<sep>") == ("forbidding" in each.name)
    frames = [{frame for each in side for frame in each.features.frames} for side in (tuned, asked)]
    assert not frames[0] & frames[1]
    assert len({each.text for each in (*tuned, *asked)}) == 16


def test_a_special_wording_is_never_tuned_on_as_contrast() -> None:
    """Of these seeds one once drew the task alone for contrast, which is the special wording without a token."""
    for seed in range(10):
        made = grammar_wordings(FORM, 1, 1, seed)
        assert not {each.text for each in made.contrast} & {each.text for each in made.special}
        assert len(made.contrast) == 20


def test_what_is_answered_where_no_token_is_asked_for_can_be_said() -> None:
    for said in (None, "None"):
        told = {each.name: each.completion for each in grammar_wordings(FORM, contrast=1, otherwise=said).special}
        assert told == dict.fromkeys(["forbidding", "no_token", "no_token_000", "forbidding_000"], said) | {
            "bare": None
        }


def test_asking_for_more_than_there_are_is_a_mistake_that_says_how_many_there_are() -> None:
    form = checked_form(Form("summarise", ""), "form")
    with pytest.raises(
        WordingMistake, match=r"has \d+ distinct test wordings, not 99 .dropped: .*secret \d+.; ask for at"
    ):
        grammar_wordings(form, 0, 99, 0, ("to", "you", "it", "is", "a", "please"))


@pytest.mark.parametrize("role", ["core", "clause"])
def test_two_families_of_the_grammar_say_no_sentence_alike(role: str) -> None:
    likeness = Likeness()
    marks = [(each, likeness.mark(each.says)) for each in frames(role)]  # type: ignore[arg-type]
    for number, (frame, mark) in enumerate(marks):
        for other, its in marks[:number]:
            same = (frame.family.group or frame.name) == (other.family.group or other.name)
            assert same or alike(mark, its) < 0.65, (frame.says, other.says)


def test_a_task_that_reads_or_names_its_input_is_not_told_to_read_it_again() -> None:
    form = checked_form(Form("read the record and judge it", "", "the record", ("<sep>",)), "form")
    for wording in grammar_wordings(form, 100, 30).wordings:
        assert wording.text.lower().count("the record") == 1, wording.text


SEVERAL = checked_form(
    Form(
        "judge whether the request is urgent", "", "the request", ("<sep>",),
        other_tasks=("decide if the request needs help at once", "weigh how pressing the request is, then say it"),
        unseen_task="find out if the message can wait",
    ),
    "form",
)  # fmt: skip


WAYS = [{way for way in (form.task, form.doing) if way} for form in SEVERAL.tuned_on]


def ways_in(text: str) -> list[int]:
    """Which ways to say the task of `SEVERAL` are in `text`."""
    return [turn for turn, way in enumerate(WAYS) if any(said in text.lower() for said in way)]


@given(st.integers(0, 20))
@settings(max_examples=10)
def test_train_wordings_take_turns_between_the_ways_to_say_a_task_and_all_others_say_another(seed: int) -> None:
    made = grammar_wordings(SEVERAL, 12, 6, seed, contrast=6)
    for wordings in (made.of_side("train"), made.contrast):
        said = [ways_in(each.text) for each in wordings]
        assert all(len(ways) == 1 for ways in said) and {way for [way] in said} == {0, 1, 2}
    asked = [each.text.lower() for each in (*made.of_side("test"), *made.special) if each.name != "bare"]
    assert all(
        "find out if the message can wait" in text or "finding out if the message can wait" in text for text in asked
    )
    assert not any(ways_in(text) for text in asked)
    check_wordings(made, "made")


@pytest.mark.parametrize("twice", [{"other_tasks": ("Grade it.", "grade it")}, {"unseen_task": "Judge it."}])
def test_a_task_that_is_said_in_the_same_words_twice_is_a_mistake(twice: dict[str, Any]) -> None:
    with pytest.raises(WordingMistake, match="stands there twice"):
        checked_form(Form("judge it", "", "the text", ("<sep>",), **twice), "form")
