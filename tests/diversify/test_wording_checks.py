"""What each check drops, and that it is counted under its name."""

from __future__ import annotations

import pytest

from unseen.diversify.checks import Rules, Sieve, fault_of, secret_in
from unseen.diversify.similarity import Likeness, alike
from unseen.diversify.wording import Features, Wording, count_of

RULES = Rules(
    "Judge whether the response is true. Answer in the <sep> format.",
    ("<sep>",),
    ("thought", "key", "no label"),
    texts=("The capital of Iceland is Reykjavik, and it rains there.", "It rains there."),
)


def put(before: str = "", after: str = "", mentions: int = 0) -> Wording:
    return Wording("w", before, after, "train", Features(mentions=mentions))


@pytest.mark.parametrize(
    ("wording", "fault"),
    [
        (put("Say whether it is true, in <sep>."), ""),
        (put(""), "empty"),
        (put("Say whether it is true."), "token"),
        (put("Say whether it is true, in <SEP>."), "token"),
        (put("Say whether it is true, in <sep>.", mentions=2), "token"),
        (put("With <sep>, say whether it is true. Use <sep>.", mentions=2), ""),
        (put("With <sep>, write your Thoughts."), "secret"),
        (put("With <sep>, keyed."), "secret"),
        (put("Don't judge it in <sep>."), "negation"),
        (put("Never judge it in <sep>."), "negation"),
        (put("Judge it without <sep>."), "negation"),
        (put("Judge it in <sep>. " + "Now. " * 80), "length"),
        (put("Judge [insert response here] in <sep>."), "open slot"),
        (put("Judge {text} in <sep>."), "open slot"),
        (put(before="Judge the text above in <sep>."), "points the wrong way"),
        (put(after="Judge the text below in <sep>."), "points the wrong way"),
        (put(after="Following the <sep> format, judge the text above."), ""),
    ],
)
def test_a_wording_by_itself(wording: Wording, fault: str) -> None:
    assert fault_of(wording, RULES) == fault


def test_an_instruction_that_negates_must_go_on_doing_so() -> None:
    rules = Rules("Say what is not true.")
    assert fault_of(put("Tell what isn't true."), rules) == ""
    assert fault_of(put("Tell what is true."), rules) == "negation"


def test_the_sieve_drops_what_repeats_and_what_was_copied_from_a_row() -> None:
    sieve = Sieve(RULES)
    texts = [
        "Judge whether the RESPONSE is true -- answer in the <sep> format!",  # the original, typed otherwise
        "Could you say in <sep> whether the response is right and good, dear friend?",
        "could you say in `<sep>` whether the response is right and good, dear friend",
        "Could you say in <sep> whether the response is right and good, dear friends?",
        "In <sep>, is this true: the capital of Iceland is Reykjavik, and it rains?",
        "In <sep>, is this true: it rains there.",
    ]
    assert [sieve.keeps(put(text)) for text in texts] == [False, True, False, False, False, False]
    assert sieve.dropped == {"duplicate": 2, "near duplicate": 1, "row text": 2}


@pytest.mark.parametrize(
    ("secret", "text", "said"),
    [
        ("thought", "Write your THOUGHTS down", True),
        ("thoughts", "one thought", True),
        ("label", "labelled by hand", True),
        ("category", "two categories", True),
        ("cap", "the capital", False),
        ("key", "the monkey", False),
        ("final answer", "The final-answers are", True),
        ("final answer", "the answer is final", False),
        ("JSON", '"json":', True),
    ],
)
def test_secret_words_are_found_whole_in_any_case_and_form(secret: str, text: str, said: bool) -> None:
    assert secret_in(secret, text) is said


def test_tokens_are_counted_whole() -> None:
    assert count_of("<sep>", "`<sep>` <sep>s <SEP>") == 2
    assert count_of("DICT", "DICT, DICTS, PREDICT") == 1


def test_similarity_by_hand() -> None:
    """a b c and a b d: words a, b of a, b, c, d; pairs ab of ab, bc, bd: 3 of 7."""
    likeness = Likeness()
    assert alike(likeness.mark("A b, c."), likeness.mark("a B d")) == pytest.approx(3 / 7)
    shared = Likeness(["judge whether it is true"])
    assert shared.mark("Judge whether  it is TRUE now.").bit_count() == 3  # the task, now, and both
