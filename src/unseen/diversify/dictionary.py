"""A bilingual dictionary out of rows that may be seen: `unseen diversify dictionary`.

A pair of words is an entry where IBM model 1 finds it probable both ways (`alignment.py`). Rows come from a task's
train split alone, and those whose text or translation is also one of a test or validation row are left out: a
dictionary tells nothing of the rows that are asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from unseen.data.dataset import Row
from unseen.data.rows import open_rows
from unseen.diversify.alignment import translation_probabilities
from unseen.errors import DataMistake, nearest
from unseen.prompt.dictionary import Dictionary, Entry, spelled_words, words_of
from unseen.task.task import Task

LEAST = 0.3  # probability of a pair, in each direction
ASKED = ("validation", "test")
Pair = tuple[str, str]  # a text and its translation


@dataclass(frozen=True, slots=True)
class MadeDictionary:
    """A dictionary, and how it came to be: rows read, those left out since they are asked too, pairs of texts that
    were compared, and source words without a sense."""

    dictionary: Dictionary
    rows: int
    also_asked: int
    pairs: int
    without_sense: int


def make_dictionary(task: Task, source: str, target: str, least: float = LEAST) -> MadeDictionary:
    """The dictionary of the words of two columns, `source` to `target`, of a task's train rows.

    Raises `DataMistake` for a task without train rows, for a column that its rows do not have or that is no text, and
    where no row is left.
    """
    if "train" not in task.dataset.splits:
        what = "has no train split, and rows that are asked may not be read"
        raise DataMistake(task.name, what, "name a task that has one")
    rows = [_pair(task, row, source, target) for row in open_rows(task.dataset, "train")]
    asked = _asked_texts(task, source, target)
    kept = [pair for pair in rows if not asked.intersection(map(_plain, pair))]
    sentences = [pair for each in kept for pair in sentences_of(each)]
    if not sentences:
        raise DataMistake(task.name, "has no train row that is not asked too", "name another task")
    made, without = dictionary_of(sentences, least)
    return MadeDictionary(made, len(rows), len(rows) - len(kept), len(sentences), without)


def dictionary_of(pairs: Sequence[Pair], least: float = LEAST) -> tuple[Dictionary, int]:
    """Source words with their senses, the most probable first, and how many source words have none.

    A sense is a target word with t(sense | word) and t(word | sense) of `least` or more each; senses are ordered by the
    product, and spelled as they mostly are. A word's count is how often it stands in the texts.
    """
    worded = [(words_of(source), words_of(target)) for source, target in pairs]
    forward = translation_probabilities(worded)
    backward = translation_probabilities([(target, source) for source, target in worded])
    senses: dict[str, list[tuple[float, str]]] = {}
    for (word, sense), likely in forward.items():
        back = backward[sense, word]
        if min(likely, back) >= least:
            senses.setdefault(word, []).append((-likely * back, sense))
    counts = Counter(word for source, _ in worded for word in source)
    spelled = _spellings(target for _, target in pairs)
    entries = {
        word: Entry(tuple(spelled[sense] for _, sense in sorted(found)), counts[word]) for word, found in senses.items()
    }
    return Dictionary(entries), len(counts) - len(entries)


def _spellings(texts: Iterable[str]) -> dict[str, str]:
    """How each word, in lower case, is spelled most often; of equally frequent spellings the first."""
    seen = Counter(word for text in texts for word in spelled_words(text))
    spelled: dict[str, str] = {}
    for word, _ in seen.most_common():
        spelled.setdefault(word.lower(), word)
    return spelled


def sentences_of(pair: Pair) -> Iterator[Pair]:
    """A pair line by line, where both texts have as many lines; else as it stands."""
    sources, targets = (text.splitlines() for text in pair)
    yield from zip(sources, targets, strict=True) if len(sources) == len(targets) else (pair,)


def _pair(task: Task, row: Row, source: str, target: str) -> Pair:
    return _text(task, row, source), _text(task, row, target)


def _text(task: Task, row: Row, column: str) -> str:
    if column not in row.values:
        raise DataMistake(task.name, f"its rows have no column '{column}'", nearest(column, row.values, "columns"))
    text = row.values[column]
    if not isinstance(text, str):
        raise DataMistake(task.name, f"its column '{column}' is no text", "name a column of text")
    return text


def _asked_texts(task: Task, source: str, target: str) -> set[str]:
    splits = [split for split in ASKED if split in task.dataset.splits]
    pairs: Iterable[Pair] = (
        _pair(task, row, source, target) for split in splits for row in open_rows(task.dataset, split)
    )
    return {_plain(text) for pair in pairs for text in pair}


def _plain(text: str) -> str:
    return " ".join(words_of(text))
