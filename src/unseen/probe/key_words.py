"""The key words of a description: those that are listed, or its own without the words that every text has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from unseen.errors import DataMistake

WORD = re.compile(r"\w+(?:[-'’]\w+)*")
EVERYWHERE = """
    a about after all also an and any are as at be been before being both but by can do does each either else every
    for from had has have he her here him his how i if in into is it its itself may me more most must my no nor not of
    off on one only or other our out over own same shall she should so some such than that the their them then there
    these they this those through to too under until up upon us very was we were what when where whether which while who
    whom whose why will with without would you your
"""
STOP_WORDS = frozenset(EVERYWHERE.split())


@dataclass(frozen=True, slots=True)
class KeyWords:
    """`words` in the order of the description; `left_out` are its stop words, none where words were listed."""

    words: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def key_words(description: str, listed: Sequence[str] = ()) -> KeyWords:
    """The `listed` words, else every word of `description` once, in whatever case, but for its stop words.

    Raises `DataMistake` where that leaves none, and for a listed one that the description does not hold.
    """
    if listed:
        for word in listed:
            place_of(word, description)
        return KeyWords(tuple(dict.fromkeys(listed)))
    own = {word.casefold(): word for word in reversed(WORD.findall(description))}
    ordered = [own[each] for each in dict.fromkeys(word.casefold() for word in WORD.findall(description))]
    words = tuple(word for word in ordered if word.casefold() not in STOP_WORDS)
    if not words:
        what = f"the description holds no word to compare with: '{description}'"
        raise DataMistake("representation", what, "name some with --word")
    return KeyWords(words, tuple(word for word in ordered if word.casefold() in STOP_WORDS))


def place_of(word: str, description: str) -> int:
    """Where `word` stands first in `description`, as a whole word. Raises `DataMistake` where it does not."""
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", description)
    if found is None:
        raise DataMistake("representation", f"'{word}' does not stand in the description", "name words of it")
    return found.start()
