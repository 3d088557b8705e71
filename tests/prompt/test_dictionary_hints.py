"""Dictionary hints: which words get one, where they stand, and what a dictionary's file may say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.data.dataset import Row
from unseen.errors import DataMistake
from unseen.prompt.dictionary import Dictionary, Entry, read_dictionary, words_of, write_dictionary
from unseen.prompt.engine import compile_template
from unseen.prompt.example import Example, Segment
from unseen.prompt.hints import Hinted
from unseen.prompt.template import Template

BOOK = Dictionary(
    {
        "the": Entry(("der", "die", "das"), 90),
        "boats": Entry(("Boote",), 2),
        "harbour": Entry(("Hafen",), 1),
        "shop": Entry(("Laden", "Geschäft", "Werkstatt", "Betrieb"), 2),
    }
)
HINTED = Hinted(BOOK, "text", 5, 3, 10)
HEAD = "What some of its words may mean:"


def asked(text: str, prompt: str = "{{ text }}\n\nTranslate the {{ kind }}.", kind: str = "note") -> Example:
    rendered = compile_template(Template("one", prompt, "x")).render(Row("test", 0, {"text": text, "kind": kind}))
    assert rendered is not None
    user = Segment("user", rendered.prompt, 0.0, "template", tuple(rendered.prompt_spans))
    return Example("c/d", "one", "test", 0, (user, Segment("assistant", "x", 1.0)))


def test_rare_words_of_the_column_are_told_behind_the_prompt_in_the_order_of_the_text() -> None:
    example = asked("Shop and boats in the harbour, boats!")
    hinted = HINTED.of(example)
    told = "shop: Laden, Geschäft, Werkstatt\nboats: Boote\nharbour: Hafen"
    assert hinted.prompt == f"{example.prompt}\n\n{HEAD}\n{told}"
    assert hinted.completion == example.completion and hinted.segments[0].spans == example.segments[0].spans


@pytest.mark.parametrize(
    ("most", "rare", "words"),
    [
        (1, 10, ["harbour"]),
        (2, 10, ["shop", "harbour"]),  # of shop and boats, which stand twice each, the earlier one
        (5, 1, ["harbour"]),
        (5, 0, []),
        (5, None, ["shop", "boats", "the", "harbour"]),
    ],
)
def test_the_rarest_words_come_first(most: int, rare: int | None, words: list[str]) -> None:
    assert Hinted(BOOK, "text", most, 3, rare).words("Shop and boats in the harbour, boats!") == words


def test_words_of_other_columns_and_of_the_template_get_no_hint() -> None:
    example = asked("nothing known", "In a shop: {{ text }} {{ kind }}", kind="harbour")
    assert HINTED.of(example) is example


def test_hints_change_the_digest_and_the_files_comments_do_not(write: Callable[[str, str], Path]) -> None:
    one = read_dictionary(write("one.tsv", "# made\nshop\tLaden\t2\nsea\tMeer\n"))
    two = read_dictionary(write("two.tsv", "Sea\t Meer \r\n\nShop\tLaden\t2\r\n"))
    more = read_dictionary(write("more.tsv", "sea\tMeer; See\nshop\tLaden\t2\n"))
    assert one.digest == two.digest != more.digest
    digests = {Hinted(each, "text", 5, 3, rare).digest for each in (one, two, more) for rare in (3, 10)}
    assert len(digests) == 4


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_dictionary(BOOK, tmp_path / "book.tsv", "made by a test")
    assert read_dictionary(tmp_path / "book.tsv").entries == BOOK.entries


def test_words_are_letters_with_hyphens_and_apostrophes_between_them() -> None:
    assert words_of("Well-known O'Brien's 2 cats -- þú, ÉG!") == ["well-known", "o'brien's", "cats", "þú", "ég"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sea Meer\n", "has 1 fields, not two or three"),
        ("sea\tMeer\nsea\tSee\n", "line 2: 'sea' stands twice"),
        ("the sea\tMeer\n", "'the sea' is not one word"),
        ("sea\t; \n", "'sea' has no sense"),
        ("sea\tMeer\tmany\n", "'many' is no count"),
        ("# nothing\n", "holds no word"),
    ],
)
def test_a_bad_line_is_a_mistake(text: str, says: str, write: Callable[[str, str], Path]) -> None:
    with pytest.raises(DataMistake) as caught:
        read_dictionary(write("bad.tsv", text))
    assert says in str(caught.value)


def test_a_dictionary_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DataMistake, match="no such file"):
        read_dictionary(tmp_path / "absent.tsv")
