"""Rows of the two sides that share text, side by side, with what they share marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, plain, row_of_id
from unseen.task.proof import Pair

LONGEST = 4000  # characters of a row that are shown
MOST_WORDS = 600  # of two near texts that are compared word by word


def overlaps(pairs: Sequence[Pair], one: str = "seen", other: str = "unseen") -> Markup:
    """A card for each pair; the texts are normalised, as they were compared."""
    return joined(*(_card(pair, one, other) for pair in pairs))


def _card(pair: Pair, one: str, other: str) -> Markup:
    left, right = marked(pair)
    sides = tag(
        "div",
        _side(f"{one}: {pair.seen_dataset} {row_of_id(pair.seen_row)}", left),
        _side(f"{other}: {pair.unseen_dataset} {row_of_id(pair.unseen_row)}", right),
        class_="two",
    )
    return tag("article", tag("p", tag("b", _how(pair)), class_="overlap-how"), sides, class_="card overlap")


def _how(pair: Pair) -> str:
    if pair.kind == "equal":
        return "Equal texts"
    if pair.kind == "near":
        return f"{plain(100 * pair.measure, 0)} % alike"
    return f"Share {counted(pair.shared.count(' ') + 1, 'word')} in a row"


def _side(title: str, text: Markup) -> Markup:
    return tag("div", tag("h4", title), tag("p", text, class_="row"))


def marked(pair: Pair) -> tuple[Markup, Markup]:
    """Both texts, with the words that they share in marks."""
    one, other = pair.seen_text.split(" "), pair.unseen_text.split(" ")
    if pair.kind == "equal":
        return _with_marks(one, [(0, len(one))]), _with_marks(other, [(0, len(other))])
    if pair.kind == "ngram":
        shared = pair.shared.split(" ")
        return _with_marks(one, list(_runs(one, shared))), _with_marks(other, list(_runs(other, shared)))
    if max(len(one), len(other)) > MOST_WORDS:
        return _with_marks(one, []), _with_marks(other, [])
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return (
        _with_marks(one, [(block.a, block.a + block.size) for block in blocks if block.size]),
        _with_marks(other, [(block.b, block.b + block.size) for block in blocks if block.size]),
    )


def _runs(words: Sequence[str], shared: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where `shared` stands in `words`, the first time."""
    for start in range(len(words) - len(shared) + 1):
        if words[start : start + len(shared)] == shared:
            yield start, start + len(shared)
            return


def _with_marks(words: Sequence[str], runs: Sequence[tuple[int, int]]) -> Markup:
    parts: list[Child] = []
    at = 0
    for start, end in runs:
        parts += [_plain(words[at:start]), tag("mark", _cut(" ".join(words[start:end]))), " "]
        at = end
    return joined(*parts, _plain(words[at:]))


def _plain(words: Sequence[str]) -> str:
    return _cut(" ".join(words)) + " " if words else ""


def _cut(text: str) -> str:
    """The text, or its beginning with its length told."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text):,} characters)"
