"""A small trie on the terminal, or as JSON: what several sequences share, where they fork, what is predicted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from rich.text import Text

from unseen.encode.branches import Branch, branches_of
from unseen.encode.encoded import Encoded
from unseen.encode.pieces import pieces
from unseen.encode.tokenizer import Tokenizer
from unseen.encode.trie import read_length, trie_of

SUPERVISED = "bold black on green"
LEAST_ROOM = 24  # characters of a run that are shown, however deep it stands


@dataclass(frozen=True, slots=True)
class DrawnTrie:
    """The trie of some sequences, with a name for each.

    `read` counts the tokens that a model reads with one row for each sequence, `nodes` those of the trie; `what` says
    what those are.
    """

    names: tuple[str, ...]
    branches: tuple[Branch, ...]
    read: int
    nodes: int
    what: str = "nodes in the trie"

    @property
    def ratio(self) -> float:
        return self.read / self.nodes if self.nodes else 1.0


def drawn_trie(sequences: Sequence[Encoded], names: Sequence[str]) -> DrawnTrie:
    """The trie of `sequences`, each with a supervised token."""
    trie = trie_of([each.ids for each in sequences], [each.weights for each in sequences])
    read = sum(read_length(each.weights) for each in sequences)
    return DrawnTrie(tuple(names), branches_of(trie), read, len(trie))


def summary(trie: DrawnTrie) -> str:
    """What sharing saves, in one line."""
    rows = f"{trie.read:,} tokens to read, a row each"
    return f"{len(trie.names)} sequences: {rows}; {trie.nodes:,} {trie.what}: {trie.ratio:.2f} times fewer"


def trie_lines(trie: DrawnTrie, tokenizer: Tokenizer, width: int, in_colour: bool) -> Iterator[Text]:
    """One line for each run of tokens; a run that is wider than its line is cut in the middle and says its length."""
    page = _Page(trie.names, tokenizer, width, in_colour)
    for branch in trie.branches:
        yield from page.lines(branch, (), "", "")


@dataclass(frozen=True, slots=True)
class _Page:
    names: tuple[str, ...]
    tokenizer: Tokenizer
    width: int
    in_colour: bool

    def lines(self, branch: Branch, before: tuple[int, ...], guide: str, below: str) -> Iterator[Text]:
        """The run, then the runs that go on from it; `before` is the token before it, the rest what stands left."""
        name = "".join(f"   {self.names[end]}" for end in branch.ends if self.names[end])
        room = max(self.width - len(guide) - len(name), LEAST_ROOM)
        yield Text.assemble((guide, "dim"), self._run(branch, before, room), (name, "cyan"))
        for place, each in enumerate(branch.branches, start=1):
            last = place == len(branch.branches)
            yield from self.lines(
                each, branch.ids[-1:], below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")
            )

    def _run(self, branch: Branch, before: tuple[int, ...], room: int) -> Text:
        found = pieces(_encoded(branch, before), self.tokenizer)[len(before) :]
        groups = [(asked, list(group)) for asked, group in groupby(found, lambda each: each[1] > 0)]
        whole = [self._tokens([text for text, _ in group], asked) for asked, group in groups]
        fair = (room - len(whole)) // len(whole)
        wide = [place for place, each in enumerate(whole) if len(each) > fair]
        if sum(map(len, whole)) + len(whole) > room:
            left = room - len(whole) - sum(len(each) for place, each in enumerate(whole) if place not in wide)
            for place in wide:
                whole[place] = self._cut(*groups[place], left // len(wide))
        return _dotted(whole)

    def _tokens(self, texts: Sequence[str], asked: bool) -> Text:
        """Every token, with a dot between them; those that are predicted in colour, or in «» where there is none."""
        shown = [text.replace("\n", "⏎") for text in texts]
        if asked and not self.in_colour:
            shown = [f"«{text}»" for text in shown]
        return _dotted([Text(text, SUPERVISED if asked else "") for text in shown])

    def _cut(self, asked: bool, group: Sequence[tuple[str, float]], room: int) -> Text:
        """The number of tokens, then the beginning and the end of their text."""
        text = "".join(text for text, _ in group).replace("\n", "⏎")
        label = f"({len(group)} tokens) "
        half = max((room - len(label) - 5) // 2, LEAST_ROOM // 4)
        if len(text) > 2 * half + 3:
            text = f"{text[:half]} … {text[-half:]}"
        if asked and not self.in_colour:
            text = f"«{text}»"
        return Text.assemble((label, "bold"), (text, SUPERVISED if asked else ""))


def _dotted(parts: Sequence[Text]) -> Text:
    return Text.assemble(*(piece for part in parts for piece in (("·", "dim"), part)))[1:]


def _encoded(branch: Branch, before: tuple[int, ...]) -> Encoded:
    """The run as an example, so that its text can be read; `before` is there because text depends on it."""
    weights = np.array([False for _ in before] + list(branch.asked), dtype=np.float32)
    return Encoded("", np.array([*before, *branch.ids], dtype=np.int32), weights, len(before))


def trie_json(trie: DrawnTrie, tokenizer: Tokenizer) -> dict[str, Any]:
    """`tokens_read`, `nodes`, `ratio`, and the runs: `ids`, `text`, `supervised`, names that end there, branches."""
    branches = [_branch_json(each, (), trie.names, tokenizer) for each in trie.branches]
    return {"tokens_read": trie.read, "nodes": trie.nodes, "ratio": trie.ratio, "branches": branches}


def _branch_json(branch: Branch, before: tuple[int, ...], names: Sequence[str], tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "ids": list(branch.ids),
        "text": "".join(text for text, _ in pieces(_encoded(branch, before), tokenizer)[len(before) :]),
        "supervised": list(branch.asked),
        "ends": [names[end] for end in branch.ends],
        "branches": [_branch_json(each, branch.ids[-1:], names, tokenizer) for each in branch.branches],
    }
