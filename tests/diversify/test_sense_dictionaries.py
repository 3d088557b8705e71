"""Dictionaries out of rows: words that stand for each other both ways, and never from rows that are asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from unseen.cli import run
from unseen.data.description import load_description
from unseen.diversify.dictionary import dictionary_of, make_dictionary, sentences_of
from unseen.errors import DataMistake
from unseen.prompt.dictionary import Entry, read_dictionary
from unseen.task.task import Task

TRAIN = [("A red house", "Ein rotes Haus"), ("A red cat", "Eine rote Katze"), ("The house", "Das Haus")]
Pairs = Sequence[tuple[str, str]]
DESCRIBED = """
dataset: pairs
cluster: translation
source: {{files: {{{files}}}}}
"""


@pytest.fixture
def task(write: Callable[[str, str], Path]) -> Callable[..., Task]:
    def make(**splits: Pairs) -> Task:
        for name, pairs in splits.items():
            lines = [json.dumps({"text": text, "translation": said}, ensure_ascii=False) for text, said in pairs]
            write(f"{name}.jsonl", "\n".join(lines))
        files = ", ".join(f"{name}: {name}.jsonl" for name in splits)
        dataset = load_description(write("pairs.yaml", DESCRIBED.format(files=files)))
        return Task("translation/pairs", dataset, (), "generate", ("chrf",))

    return make


def test_words_that_stand_for_each_other_both_ways_are_entries() -> None:
    """The textbook's sentences: `haus` beside `the` once and beside `House` once, but `das` explains `the`. Senses are
    spelled as they stand, words in lower case."""
    made, without = dictionary_of([("das haus", "the House"), ("das buch", "the book"), ("ein buch", "a book")], 0.5)
    assert made.entries == {
        "das": Entry(("the",), 2),
        "haus": Entry(("House",), 1),
        "buch": Entry(("book",), 2),
        "ein": Entry(("a",), 1),
    }
    assert without == 0


def test_a_pair_that_is_likely_one_way_only_is_no_entry() -> None:
    """Of `a b` for `x`, x comes from either alike: t(x | a) is 1 and t(a | x) a half."""
    assert dictionary_of([("a b", "x")], 0.6)[0].entries == {}
    assert dictionary_of([("a b", "x")], 0.5)[0].entries == {"a": Entry(("x",), 1), "b": Entry(("x",), 1)}


def test_texts_of_as_many_lines_are_compared_line_by_line() -> None:
    assert list(sentences_of(("a\nb", "x\ny"))) == [("a", "x"), ("b", "y")]
    assert list(sentences_of(("a\nb", "x"))) == [("a\nb", "x")]


def test_rows_that_are_asked_tell_nothing(task: Callable[..., Task], home: Path) -> None:
    """Neither those of the test split nor train rows that say the same, whatever their case."""
    secret = [("the zebra", "das Zebra"), ("A RED  cat.", "etwas anderes")]
    made = make_dictionary(task(train=TRAIN, test=secret), "text", "translation")
    alone = make_dictionary(task(train=[TRAIN[0], TRAIN[2]]), "text", "translation")
    assert (made.rows, made.also_asked, made.pairs) == (3, 1, 2)
    assert made.dictionary.entries == alone.dictionary.entries and "zebra" not in made.dictionary.entries
    assert made.dictionary.entries["house"] == Entry(("Haus",), 2)


@pytest.mark.parametrize(
    ("splits", "column", "says"),
    [
        ({"test": TRAIN}, "text", "has no train split"),
        ({"train": TRAIN}, "texts", "have no column 'texts'"),
        ({"train": TRAIN, "test": TRAIN}, "text", "has no train row that is not asked too"),
    ],
    ids=["only asked rows", "another column", "all are asked"],
)
def test_what_cannot_be_read_is_a_mistake(
    task: Callable[..., Task], home: Path, splits: dict[str, Pairs], column: str, says: str
) -> None:
    with pytest.raises(DataMistake) as caught:
        make_dictionary(task(**splits), column, "translation")
    assert says in str(caught.value)


def test_the_command_writes_what_a_recipe_reads_and_never_over_a_file(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made" / "book.tsv"
    command = ["diversify", "dictionary", "condensed_translation/short_sentences", "--out", str(out)]
    assert run(command) == 0
    said = capsys.readouterr()
    assert "words with senses, " in said.out and "44 pairs of texts out of 44 rows; 0 rows left out" in said.err
    assert read_dictionary(out).entries["harbour"] == Entry(("Hafen",), 2)
    assert run(command) == 2 and "is there already" in capsys.readouterr().err
