"""Words of any language: scripts that write no spaces between words are counted character by character.

Text in Latin letters is left to each metric's own reference implementation. What this file says holds where those have
no answer: rouge-score drops every letter but a-z, and for SQuAD's F1 and sacrebleu's default tokeniser a Chinese
sentence is one word. A character stands with the marks that belong to it (vowel signs, tones).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

HAN = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA, BOPOMOFO, YI = (
    "\u3041-\u309f\u30a1-\u30ff\u31f0-\u31ff\uff66-\uff9f",
    "\u3105-\u312f\u31a0-\u31bf",
    "\ua000-\ua4cf",
)
THAI, LAO, TIBETAN, BURMESE, KHMER = (
    "\u0e00-\u0e7f", "\u0e80-\u0eff", "\u0f00-\u0fff", "\u1000-\u109f\uaa60-\uaa7f", "\u1780-\u17ff"
)  # fmt: skip
_HAN = re.compile(f"[{HAN}]")
_UNSPACED = re.compile(f"[{HAN}{KANA}{BOPOMOFO}{YI}{THAI}{LAO}{TIBETAN}{BURMESE}{KHMER}]")
_JOINERS = "\u200c\u200d"  # stand inside words of Persian and of Indian scripts, and write nothing


class Letters(NamedTuple):
    """How many letters there are of Han, of other scripts without spaces, and of any script."""

    han: int
    other: int
    all: int


def words(text: str) -> list[str]:
    """Runs of letters, marks and digits; in scripts without spaces one character at a time."""
    return [match for run in _runs(text) for match in _split(run)]


def tokens(text: str) -> list[str]:
    """`text` at its white space; pieces in scripts without spaces as `words` has them."""
    if text.isascii() or not _UNSPACED.search(text):
        return text.split()
    return [token for piece in text.split() for token in (words(piece) if _UNSPACED.search(piece) else [piece])]


def is_latin(text: str) -> bool:
    """Whether at least half of the letters of `text` are Latin; text without letters is."""
    letters = [] if text.isascii() else [char for char in text if char.isalpha()]
    return 2 * sum(char < "\u0250" or "\u1e00" <= char < "\u1f00" for char in letters) >= len(letters)


def letters_of(texts: Iterable[str]) -> Letters:
    """The letters of `texts`, counted."""
    han = unspaced = letters = 0
    for text in texts:
        letters += sum(map(str.isalpha, text))
        if not text.isascii():
            han += len(_HAN.findall(text))
            unspaced += sum(map(str.isalpha, _UNSPACED.findall(text)))
    return Letters(han, max(unspaced - han, 0), letters)


def without_own_punctuation(text: str) -> str:
    """`text` without punctuation that other scripts than Latin have of their own: of China, India, Arabia, Thailand.

    What English text uses too (dashes, curly quotes) stays, as it does in the references.
    """
    if text.isascii():
        return text
    kept = (c < "\u0250" or "\u2000" <= c < "\u2070" or unicodedata.category(c)[0] != "P" for c in text)
    return "".join(char for char, keep in zip(text, kept, strict=True) if keep)


def _runs(text: str) -> Iterator[str]:
    """Stretches of letters, marks and digits, without the joiners inside them."""
    run = ""
    for char in text:
        if unicodedata.category(char)[0] in "LMN":
            run += char
        elif char not in _JOINERS:
            yield run
            run = ""
    yield run


def _split(run: str) -> Iterator[str]:
    """A run cut around each character of a script without spaces, marks left with what they mark."""
    piece, alone = "", False
    for char in run:
        mark = unicodedata.category(char)[0] == "M"
        own = bool(_UNSPACED.match(char))
        if piece and not mark and (own or alone):
            yield piece
            piece = ""
        if not mark:
            alone = own
        piece += char
    if piece:
        yield piece
