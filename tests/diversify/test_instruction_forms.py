"""Forms that are told from a plain instruction, and those that a person writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.diversify.derive import form_of, sentences
from unseen.diversify.form import Form, checked_form, read_form
from unseen.diversify.inflect import gerund
from unseen.errors import UserMistake, WordingMistake

JUDGE = "judge whether the response holds a hallucination"
TRUE, LETTER, KEPT = "judge whether it is true", ("sum up the letter", "the letter"), ("Keep names, please.",)


@pytest.mark.parametrize(
    ("instruction", "task", "input", "what", "details"),
    [
        ("Judge whether it is true. Answer in the <sep> format.", TRUE, "the text", "format", ()),
        ("Judge whether it is true, and answer in the <sep> format.", TRUE, "the text", "format", ()),
        ("Could you please judge whether it is true, using <sep>?", TRUE, "the text", "format", ()),
        ("Please use the <sep> layout to judge whether it is true.", TRUE, "the text", "layout", ()),
        ("Use <sep> to judge whether it is true.", TRUE, "the text", "format", ()),
        ("Respond only in the '<sep>' style. I need you to sum up the following letter!", *LETTER, "style", ()),
        ("Your task is to judge whether it is true (in the <sep> format).", TRUE, "the text", "format", ()),
        ("Sum up the letter above. Keep names, please. Answer strictly in <sep>.", *LETTER, "format", KEPT),
        ("Judge whether it is true.\nFollow the <sep> layout.\nKeep names, please.", TRUE, "the text", "layout", KEPT),
    ],
)
def test_orders_are_told_from_politeness_and_from_the_token(
    instruction: str, task: str, input: str, what: str, details: tuple[str, ...]
) -> None:
    form = form_of(instruction, ["<sep>"])
    assert (form.task, form.input, form.what, form.tokens) == (task, input, what, ("<sep>",))
    assert form.details == details


@pytest.mark.parametrize(
    ("instruction", "says"),
    [
        ("What is the capital? Answer in <sep>.", "'What' is no verb that begins an order"),
        ("The sentiment of the text, in the <sep> format.", "'The' is no verb that begins an order"),
        ("Judge <sep>.", "names its token in 'Judge <sep>'"),
        ("Check the context and use <sep> to see who is right.", "names its token in"),
        ("Judge the reply; keep in mind the format as outlined in <sep>.", "names its token in"),
        ("Rate the replies based on <sep> criteria.", "names its token in"),
        ("Based on <sep> criteria, rate the replies.", "'criteria,' is no verb"),
        ("Judge the text.", "does not hold the token '<sep>'"),
        ("Answer in the <sep> format.", "says nothing to do"),
        ("", "does not hold the token"),
    ],
)
def test_what_cannot_be_told_is_a_mistake_in_one_line(instruction: str, says: str) -> None:
    with pytest.raises(WordingMistake) as caught:
        form_of(instruction, ["<sep>"])
    assert says in str(caught.value) and len(caught.value.lines) == 1


def test_two_tokens_are_named_together() -> None:
    form = form_of("Check the claim. Follow the <a> and <b> formats.", ["<a>", "<b>"])
    assert (form.token, form.whats, form.task) == ("<a> and <b>", "formats", "check the claim")


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("judge whether it is true", "judging whether it is true"),
        ("carefully put it right", "carefully putting it right"),
        ("reply to the letter", "replying to the letter"),
        ("tie the ends", "tying the ends"),
        ("see what is there", "seeing what is there"),
        ("format the table", "formatting the table"),
        ("write a note", "writing a note"),
        ("read it and judge it", None),
        ("read it, then judge it", None),
    ],
)
def test_gerunds(phrase: str, expected: str | None) -> None:
    assert gerund(phrase) == expected


def test_sentences_end_at_full_stops_and_line_breaks_but_not_in_abbreviations() -> None:
    assert sentences("Do it, e.g. now. Go!\n\nEnd") == ["Do it, e.g. now.", "Go!", "End"]


def test_a_form_file_says_its_parts(write: Callable[[str, str], Path]) -> None:
    file = write("form.yaml", f"task: {JUDGE.capitalize()}.\ninput: the record\ntokens: [<sep>]\nsecrets: [thought]\n")
    form, secrets = read_form(file, ["JSON"])
    assert form.task == JUDGE and secrets == ("thought", "JSON")
    assert form.instruction == "Judge whether the response holds a hallucination. Answer in the <sep> format."


def test_every_mistake_of_a_form_file_is_told_at_once(write: Callable[[str, str], Path]) -> None:
    text = "task: judge whether <sep> is in the record below\ntokens: [<sep>, 'a b']\nwhat: guidelines\n"
    file = write("form.yaml", f"{text}secrets: [records]\n")
    with pytest.raises(UserMistake) as caught:
        read_form(file)
    told = "\n".join(caught.value.lines)
    assert len(caught.value.lines) == 5 and all(line.startswith(str(file)) for line in caught.value.lines)
    for part in (
        "says 'below'",
        "holds the token '<sep>'",
        "'a b' is no token",
        "'guidelines'",
        "secret word 'records'",
    ):
        assert part in told


def test_unknown_keys_of_a_form_file_are_answered_with_the_nearest(write: Callable[[str, str], Path]) -> None:
    with pytest.raises(UserMistake, match="unknown key 'token'; did you mean 'tokens'"):
        read_form(write("form.yaml", "task: sort it\ntoken: <sep>\n"))


def test_a_task_of_two_sentences_is_a_mistake_and_an_abbreviation_ends_none() -> None:
    assert checked_form(Form("list errors, e.g. typos", ""), "form").task == "list errors, e.g. typos"
    with pytest.raises(UserMistake, match="more than one sentence"):
        checked_form(Form("sort it. Then print it", ""), "form")
