"""Two texts, word by word: which words only one of them has."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from unseen.reporting.markup import Markup, joined, tag
from unseen.studio.coloured import LONGEST

MOST_WORDS = 2_000  # of a text that is compared; finding what differs takes the square of that
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


def marked(left: str, right: str) -> tuple[Markup, Markup]:
    """Both texts as blocks, the words that differ marked; longer ones than are compared say so."""
    words = _WORD.findall(left[:LONGEST]), _WORD.findall(right[:LONGEST])
    if max(map(len, words)) > MOST_WORDS:
        return _unmarked(left), _unmarked(right)
    codes = SequenceMatcher(None, *words, autojunk=False).get_opcodes()
    lefts = [_piece(words[0][a:b], kind) for kind, a, b, _, _ in codes]
    rights = [_piece(words[1][a:b], kind) for kind, _, _, a, b in codes]
    return _block(*lefts), _block(*rights)


def _piece(words: list[str], kind: str) -> Markup:
    text = "".join(words)
    if kind == "equal" or not text:
        return joined(text)
    return tag("mark", text, class_="differs", title="differs")


def _block(*parts: Markup) -> Markup:
    return tag("pre", *parts, class_="text", dir="auto")


def _unmarked(text: str) -> Markup:
    return joined(tag("p", "Too long to mark what differs.", class_="faint"), _block(joined(text[:LONGEST])))
