"""The trie of a few sequences, drawn: runs of tokens as boxes from left to right, as high as the sequences under them.

A box that stands before many rows is what those rows share, and is computed once. Its width grows with its tokens; no
box is narrower than can be pointed at. What is predicted has a bar below its text, so colour says nothing alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from unseen.encode.tokenizer import Tokenizer
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted, plain, whole
from unseen.reporting.trie_drawing import DrawnTrie, trie_json

ROW, GAP = 22, 2  # height of a sequence, and space between boxes
WIDE, NARROWEST, NAME = 900, 30, 220  # of all tokens of the longest sequence, of a box, of the names behind them
LETTER = 6.7  # width of a letter of the text in a box
TOLD = 2000  # characters of a run that are told where it is pointed at


@dataclass(frozen=True, slots=True)
class Box:
    """A run of tokens as it is drawn: its place, how many `rows` high it is, its text, which stretches of it are
    predicted (by token), how many sequences go through it, the names of those that end with it, and the number of the
    box before it (-1: none)."""

    x: float
    y: float
    width: float
    rows: int
    tokens: int
    text: str
    predicted: tuple[tuple[int, int], ...]
    sequences: int
    ends: tuple[str, ...]
    before: int


def trie_figure(trie: DrawnTrie, tokenizer: Tokenizer) -> Markup:
    """The drawing, a line that says what sharing saved, and the same as a list for who cannot see it."""
    values = trie_json(trie, tokenizer)
    boxes = laid_out(values["branches"])
    if not boxes:
        return tag("p", "No token is predicted, so there is nothing to draw.")
    drawing = tag("div", _svg(boxes, saved(trie)), class_="wide trie-wide")
    listed = tag("details", tag("summary", "The same as a list"), _list(values["branches"]), class_="trie-list")
    return tag("figure", tag("figcaption", _caption(trie)), drawing, listed, class_="trie-figure")


def saved(trie: DrawnTrie) -> str:
    """What sharing saves, in one line."""
    sequences = counted(len(trie.names), "sequence")
    read = f"{whole(trie.read)} tokens to read, a row each"
    return f"{sequences}: {read}; {whole(trie.nodes)} {trie.what}: {plain(trie.ratio, 2)} times fewer"


def laid_out(branches: Sequence[dict[str, Any]]) -> list[Box]:
    """The boxes in depth-first order; a branch as `trie_json` gives it."""
    scale = WIDE / max(_longest(branches), 1)
    boxes: list[Box] = []

    def place(branch: dict[str, Any], x: float, y: float, before: int) -> int:
        tokens, rows = len(branch["ids"]), _rows(branch)
        width = max(NARROWEST, tokens * scale)
        number = len(boxes)
        ends, predicted = tuple(branch["ends"]), tuple(_stretches(branch["supervised"]))
        boxes.append(Box(x, y, width, rows, tokens, branch["text"], predicted, _sequences(branch), ends, before))
        below = y
        for each in branch["branches"]:
            below += ROW * place(each, x + width + GAP, below, number)
        return rows

    below = 0.0
    for branch in branches:
        below += ROW * place(branch, 0.0, below, -1)
    return boxes


def _longest(branches: Sequence[dict[str, Any]]) -> int:
    """Tokens of the longest sequence."""
    return max((len(each["ids"]) + _longest(each["branches"]) for each in branches), default=0)


def _rows(branch: dict[str, Any]) -> int:
    """Lines that a branch takes: one for each end, and one more for a sequence that ends where others go on."""
    inside = sum(map(_rows, branch["branches"]))
    return max(1, inside + bool(branch["ends"] and branch["branches"]))


def _sequences(branch: dict[str, Any]) -> int:
    return len(branch["ends"]) + sum(map(_sequences, branch["branches"]))


def _stretches(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Tokens [start, end) of each stretch of true `flags`."""
    start = 0
    for predicted, group in groupby(flags):
        end = start + len(list(group))
        if predicted:
            yield start, end
        start = end


def _svg(boxes: Sequence[Box], label: str) -> Markup:
    width = max(box.x + box.width for box in boxes) + NAME
    height = max(box.y + box.rows * ROW for box in boxes)
    shown = [_box(number, box) for number, box in enumerate(boxes)]
    return tag("svg", *shown, role="group", aria_label=label, class_="trie", width=round(width), height=round(height),
               viewBox=f"0 0 {round(width)} {round(height)}")  # fmt: skip


def _box(number: int, box: Box) -> Markup:
    tall = box.rows * ROW - GAP
    bars = [
        tag("rect", x=_at(box.x + box.width * start / box.tokens), width=_at(box.width * (end - start) / box.tokens),
            y=_at(box.y + tall - 5), height=5, class_="predicted")
        for start, end in box.predicted
    ]  # fmt: skip
    frame = tag("rect", x=_at(box.x), y=_at(box.y), width=_at(box.width), height=tall, rx=2, class_="run-frame")
    return tag(
        "g", tag("title", _told(box)), frame, *bars, *_words(box), _names(box),
        class_="run shared" if box.sequences > 1 else "run", tabindex=0 if number == 0 else -1, role="img",
        aria_label=_told(box), data_before=box.before if box.before >= 0 else None,
    )  # fmt: skip


def _words(box: Box) -> Iterator[Markup]:
    """The beginning of the text, and under it the number of tokens, where there is room."""
    text = _shortened(visible(box.text), int((box.width - 8) / LETTER))
    yield tag("text", text, x=_at(box.x + 4), y=_at(box.y + 13), class_="run-text")
    if box.rows > 1:
        said = _shortened(_counted(box), int((box.width - 8) / LETTER))
        yield tag("text", said, x=_at(box.x + 4), y=_at(box.y + 28), class_="run-count")


def _names(box: Box) -> Markup | None:
    name = _shortened(", ".join(end for end in box.ends if end), int(NAME / LETTER))
    y = box.y + (box.rows - 1) * ROW + 14  # the last line of the box: what goes on from it stands above
    return tag("text", name, x=_at(box.x + box.width + 6), y=_at(y), class_="run-name") if name else None


def _counted(box: Box) -> str:
    shared = f", once for {whole(box.sequences)}" if box.sequences > 1 else ""
    return f"{counted(box.tokens, 'token')}{shared}"


def _told(box: Box) -> str:
    predicted = sum(end - start for start, end in box.predicted)
    asked = f", {whole(predicted)} predicted" if predicted else ""
    ends = ", ".join(end for end in box.ends if end)
    return f"{_counted(box)}{asked}{f', {ends}' if ends else ''}: {_shortened(visible(box.text), TOLD)}"


def visible(text: str) -> str:
    """`text` on one line, its line breaks as signs."""
    return text.replace("\n", "⏎")


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(most - 1, 0)] + "…" if most > 1 else ""


def _at(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _caption(trie: DrawnTrie) -> Markup:
    keys = tag(
        "ul",
        tag("li", tag("span", class_="key-run shared"), "read once for several rows"),
        tag("li", tag("span", class_="key-run"), "read for one row"),
        tag("li", tag("span", class_="key-run predicted"), "with a bar: predicted"),
        class_="keys",
    )
    return joined(tag("p", tag("b", saved(trie)), "."), keys)


def _list(branches: Sequence[dict[str, Any]]) -> Markup:
    return tag("ul", *map(_item, branches))


def _item(branch: dict[str, Any]) -> Markup:
    predicted = sum(branch["supervised"])
    asked = f", {whole(predicted)} predicted" if predicted else ""
    ends = [tag("b", f" {end}") for end in branch["ends"] if end]
    text = tag("code", _shortened(visible(branch["text"]), TOLD))
    below = _list(branch["branches"]) if branch["branches"] else None
    return tag("li", f"{counted(len(branch['ids']), 'token')}{asked}: ", text, *ends, below)
