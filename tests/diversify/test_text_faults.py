"""Each rule of what is left out, on texts worked by hand; several were written by a small model and read by us."""

from __future__ import annotations

import pytest

from unseen.ask.chat import Said
from unseen.diversify.drops import SHOWN, Drops, Fault
from unseen.diversify.languages import known_language, languages_of
from unseen.diversify.text_faults import Check, Limits, broken_off, echo, language, length, loop, mention, refusal
from unseen.errors import UserMistake

POEM = (
    "The boat went out at six and came back at noon with three crates of mackerel, one torn net and a crew that "
    "would not speak of what they had seen beyond the second lighthouse until the kettle had boiled twice."
)


def reason(check: Check, text: str, ended: bool = True) -> str | None:
    fault = check(Said(text, ended))
    return fault and fault.reason


def test_length_counts_words_and_characters_of_scripts_without_spaces() -> None:
    check = length(Limits(2, 5))
    assert [reason(check, text) for text in ("", "One.", "One, two!", "a b c d e", "a b c d e f")] == [
        "empty", "too short", None, None, "too long",
    ]  # fmt: skip
    assert reason(check, "我爱你") is None and reason(check, "我们今天去公园散步") == "too long"


def test_what_was_broken_off_is_left_out() -> None:
    assert (reason(broken_off, "Well", ended=False), reason(broken_off, "Well")) == (
        "broken off at max_new_tokens",
        None,
    )


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, but as an AI I have no opinions.",
        "As an AI language model, I do not have feelings.",
        "Sorry, I cannot do that for you.",
        "I cannot assist with that request.",
        "I am unable to open links.",
        "I'm sorry for any misunderstanding, but as a digital assistant, I don't have the ability to cook.",
        "I apologize for the confusion, but I am not able to say.",
        "I won't write that.",
    ],
)
def test_refusals_are_found(text: str) -> None:
    assert reason(refusal, text) == "refusal"


@pytest.mark.parametrize(
    "text",
    [
        POEM,
        "I'm sorry to hear about your loss. Here are three things that help.",
        "Sorry is a hard word. It has five letters.",
        "Yes, you can. I can show you how.",
        f"{POEM} {POEM} He said: as an AI language model, I cannot swim.",
    ],
)
def test_answers_that_only_sound_like_refusals_are_kept(text: str) -> None:
    assert reason(refusal, text) is None


def test_texts_that_go_round_are_found() -> None:
    assert reason(loop, "and then the dog ran home " * 6) == "repetition loop"
    assert reason(loop, "Here it is:\n" + "- buy two pints of milk\n" * 4) == "repetition loop"
    assert reason(loop, "No" + "o" * 25) == "repetition loop"
    assert reason(loop, POEM) is None
    assert reason(loop, "yes no yes no yes no") is None, "too short to tell"
    assert reason(loop, "\n".join(f"- step {n}: turn the screw by {n} degrees" for n in range(9))) is None


def test_languages_are_told_by_words_and_script_and_never_in_doubt() -> None:
    assert languages_of("What is the best way to learn how to swim in the sea?") == ("en",)
    assert languages_of("Hvað er besta leiðin til að læra að synda í sjónum og hvernig?") == ("is",)
    assert languages_of("Wie kann ich am besten lernen, in der See zu schwimmen, und ist das schwer?") == ("de",)
    assert languages_of("Как научиться плавать в море?") == ("ru", "uk", "bg", "sr")
    assert languages_of("Hello there") == () == languages_of("Bix bax, box: zorp flim 3, 4, 5.")
    check = language("en")
    assert reason(check, "¿Cuál es la mejor manera de aprender a nadar en el mar?") == "wrong language"
    assert reason(check, "Hello there") is None
    with pytest.raises(UserMistake, match="'xx' cannot be told apart"):
        known_language("xx")


def test_mentions_are_found_letter_by_letter() -> None:
    check = mention(("<sep>", "[x]"))
    assert check(Said("Use <sep> here.")) == Fault("mentions a token", "<sep>")
    assert check(Said("Use <SEP> here.")) is None


def test_an_answer_that_is_the_question_again_is_found() -> None:
    asked = "Can you please tell me which ten people are popular religious leaders?"
    assert echo(asked, "Which ten people are popular religious leaders?") is not None
    assert echo(asked, "Can you please tell me which two people are popular religious leaders?") is not None
    assert echo("Is it yes or no?", "no") is None, "a short answer may be a word of the question"
    assert echo(asked, POEM) is None


def test_every_reason_is_counted_and_shows_its_first_texts() -> None:
    drops = Drops()
    for number in range(SHOWN + 3):
        drops.add(f"answer/{number}", "x" * 1000, Fault("too long"))
    drops.add("answer/99", "same", Fault("equal to another", "first"))
    told = drops.as_json()
    assert list(told) == ["too long", "equal to another"] and drops.total == SHOWN + 4
    assert told["too long"]["count"] == SHOWN + 3 and len(told["too long"]["examples"]) == SHOWN
    assert len(told["too long"]["examples"][0]["text"]) == 300
    assert told["equal to another"]["examples"] == [{"id": "answer/99", "text": "same", "beside": "first"}]
