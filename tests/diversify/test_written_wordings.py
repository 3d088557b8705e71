"""Wordings that a model writes: a writer that answers from a list stands in for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from made_wordings import GOOD

from unseen.ask.chat import Said, Unsaid
from unseen.diversify.checks import Rules
from unseen.diversify.listed import listed
from unseen.diversify.review import check_wordings
from unseen.diversify.similarity import Likeness, alike
from unseen.diversify.wording import WordingSet
from unseen.diversify.written_wordings import APART, structure, written_wordings
from unseen.errors import WordingMistake

RULES = Rules("Judge whether the response is true. Answer in the <sep> format.", ("<sep>",), ("thought",))


class FromList:
    """Answers every prompt with the next items of a list, numbered, behind a line that is none."""

    name = "a list"

    def __init__(self, items: Sequence[str], each: int = 7) -> None:
        self.items, self.each, self.asked = items, each, 0

    def write(self, prompts: Sequence[str]) -> Iterator[tuple[int, Said | Unsaid]]:
        for index in reversed(range(len(prompts))):
            chosen = [self.items[(self.asked + n) % len(self.items)] for n in range(self.each)]
            self.asked += self.each
            numbered = "\n".join(f"{n}. {text}" for n, text in enumerate(chosen, 1))
            yield index, Said(f"Sure! Here they are:\n\n{numbered}")


def made(items: Sequence[str] = GOOD) -> WordingSet:
    return written_wordings(FromList(items), RULES, 6, 2)


def test_written_wordings_pass_the_review_and_their_sides_share_no_structure() -> None:
    wordings = made()
    check_wordings(wordings, "made")
    assert (len(wordings.of_side("train")), len(wordings.of_side("test")), wordings.made.by) == (6, 2, "a list")
    likeness = Likeness()
    for one, other in product(wordings.of_side("train"), wordings.of_side("test")):
        assert alike(likeness.mark(one.text), likeness.mark(other.text)) < APART
        assert not set(one.features.frames) & set(other.features.frames)


@pytest.mark.parametrize("seed", [0, 5, 7])
def test_a_wording_like_the_instruction_itself_is_on_no_test_side(seed: int) -> None:
    """It is tuned on as well. Some are of its structure, others of one that may be drawn for the test side."""
    near = [
        "Judge whether any response is true. Answer in the <sep> format, please.",
        "Judge whether each response is true. Give your answer in the <sep> format.",
        "So judge whether the response is true. Answer in the <sep> format now.",
        "First judge whether the response is true. Answer in the <sep> format then.",
    ]
    wordings = written_wordings(FromList([*near, *GOOD]), RULES, 6, 2, seed)
    likeness = Likeness()
    own = likeness.mark(RULES.instruction)
    assert any(alike(own, likeness.mark(text)) >= APART for text in near)
    assert all(alike(own, likeness.mark(each.text)) < APART for each in wordings.of_side("test"))
    frame = structure(RULES.instruction)
    assert frame not in {name for each in wordings.of_side("test") for name in each.features.frames}


def test_everything_that_was_written_was_kept_or_is_counted() -> None:
    bad = ["Say it.", "Give your thoughts in <sep>.", "Do not use <sep>.", "Say {text} in <sep>."]
    wordings = made([*bad, *GOOD])
    dropped = dict(wordings.made.dropped)
    around = dropped.pop("no item")
    assert around > 0 and {"token", "secret", "negation", "open slot"} <= dropped.keys()
    assert wordings.made.tried == len(wordings.wordings) + sum(dropped.values())


def test_a_model_that_writes_nothing_usable_is_told_with_the_reasons() -> None:
    with pytest.raises(WordingMistake, match=r"6 train, 2 test wordings are missing .* dropped: .*token \d+"):
        made(["I cannot help with that.", "Sorry about it."])


def test_the_last_item_of_a_list_that_was_broken_off_is_no_wording_and_no_answer_is_counted() -> None:
    class Cut(FromList):
        def write(self, prompts: Sequence[str]) -> Iterator[tuple[int, Said | Unsaid]]:
            for index, outcome in super().write(prompts):
                assert isinstance(outcome, Said)
                yield index, Unsaid("too slow") if index == 0 else Said(f"{outcome.text}\n8. Tell us in <sep>", False)

    wordings = written_wordings(Cut(GOOD), RULES, 6, 2)
    assert all("Tell us" not in each.text for each in wordings.wordings)
    dropped = dict(wordings.made.dropped)
    assert dropped.pop("no text came") * 7 == dropped["broken off"] > 0
    assert wordings.made.tried == len(wordings.wordings) + sum(dropped.values()) - dropped["no item"]


@pytest.mark.parametrize(
    ("answer", "items", "others"),
    [
        ("Sure:\n1. One way.\n2) Two ways.\n(3) Three.\n\nHope that helps!", ["One way.", "Two ways.", "Three."], 2),
        ('- "One."\n* “Two”,\n• **Three**', ["One.", "Two", "Three"], 0),
        ("1. A first line\n   that goes on\n2. Second", ["A first line that goes on", "Second"], 0),
        ('```json\n["One.", "Two."]\n```', ["One.", "Two."], 0),
        ("Here are some:\nOne.\n\nTwo.", ["One.", "Two."], 1),
        ("1. 'a' and 'b'\n2. \"<sep>\"", ["'a' and 'b'", "<sep>"], 0),
        ("", [], 0),
    ],
)
def test_lists_are_read_however_they_are_marked(answer: str, items: list[str], others: int) -> None:
    found = listed(answer)
    assert (list(found.items), found.others) == (items, others)
