"""Text that rows of the seen and of the unseen side share.

Two texts meet when they are equal, when they are short and nearly the same (near.py), or when they share an n-gram
(ngrams.py). What stands in more than ten texts of a seen dataset and in over a twentieth of them is that dataset's
wording, not the content of its rows: it is left out and counted. (GPT-3 left out n-grams of more than ten documents.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unseen.recipe import HoldOutSettings
from unseen.task.near import NearIndex, is_short
from unseen.task.ngrams import GramIndex
from unseen.task.texts import WHOLE, SideRows, Text, TextTable

WORDING_TEXTS, WORDING_SHARE = 10, 0.05
CHUNK = 4096  # texts compared at once

Kind = Literal["equal", "near", "ngram"]
Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Meeting:
    """A text of a seen dataset and one of the unseen side that meet; both by their keys.

    `measure` is 1 for `equal`, the similarity for `near`, the number of shared n-grams for `ngram`; `gram` is one of
    these.
    """

    seen: int
    unseen: int
    kind: Kind
    measure: float
    gram: int | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """What was left out as a seen dataset's own wording: how many n-grams and texts, and one of the n-grams."""

    dataset: str
    grams: int
    texts: int
    example: str


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """The meetings of each seen dataset with the unseen side, and the tables that tell the rows behind them."""

    unseen: UnseenTexts
    seen: tuple[tuple[TextTable, tuple[Meeting, ...]], ...]
    wordings: tuple[Wording, ...]


def overlap_of(seen: Iterable[SideRows], unseen: Iterable[SideRows], settings: HoldOutSettings) -> Overlap:
    """Every meeting of a seen text with an unseen one. Of the seen side, only keys of texts are held in memory."""
    shortest = 1 if settings.level == "row" else WHOLE
    index = UnseenTexts([TextTable(side, shortest) for side in unseen], settings)
    found: list[tuple[TextTable, tuple[Meeting, ...]]] = []
    wordings: list[Wording] = []
    for side in seen:
        table = TextTable(side, shortest)
        meetings, wording = _compare(table, index)
        found.append((table, meetings))
        wordings += [wording] if wording.grams or wording.texts else []
    return Overlap(index, tuple(found), tuple(wordings))


class UnseenTexts:
    """The distinct texts of the unseen side, and the indexes that seen texts are held against."""

    def __init__(self, tables: Sequence[TextTable], settings: HoldOutSettings) -> None:
        self.tables = tuple(tables)
        texts = [text for table in tables for text in table.read()]
        self.words = {text.key: text.words for text in texts}
        cells = {text.key: text.words for text in texts if text.cell}
        short = {key: words for key, words in self.words.items() if settings.near < 1 and is_short(words)}
        self._short_keys, self._cell_keys = list(short), np.array(list(cells), dtype=np.int64)
        self._near = NearIndex(list(short.values()), settings.near)
        self.grams = GramIndex(list(cells.values()), settings.ngram)

    def alike(self, texts: Sequence[Text]) -> Iterator[Meeting]:
        """The seen `texts` that equal an unseen text, or nearly do."""
        yield from (Meeting(text.key, text.key, "equal", 1.0) for text in texts if text.key in self.words)
        short = [text for text in texts if is_short(text.words)]
        for here, there, similarity in self._near.hits([text.words for text in short]):
            if short[here].key != self._short_keys[there]:
                yield Meeting(short[here].key, self._short_keys[there], "near", similarity)

    def grams_in(self, texts: Sequence[Text]) -> tuple[Keys, Keys]:
        """Key of the seen text and number of the gram, for each gram of the unseen side that one of `texts` holds."""
        cells = [text for text in texts if text.cell]
        at, gram = self.grams.hits([text.words for text in cells])
        return np.array([text.key for text in cells], dtype=np.int64)[at], gram

    def sharing(self, seen: Keys, grams: Keys) -> Iterator[Meeting]:
        """The unseen texts that hold `grams`, found in the texts `seen`: one meeting for each pair of texts."""
        at, text = self.grams.holders(grams)
        pairs = np.stack([seen[at], self._cell_keys[text]])
        distinct, first, counts = np.unique(pairs, axis=1, return_index=True, return_counts=True)
        columns = distinct[0].tolist(), distinct[1].tolist(), counts.tolist(), grams[at[first]].tolist()
        yield from (Meeting(s, u, "ngram", count, gram) for s, u, count, gram in zip(*columns, strict=True))

    def rows_with(self, key: int) -> Iterator[tuple[TextTable, int]]:
        """The rows that hold the text `key`: their dataset's table, and their place in it."""
        for table in self.tables:
            yield from ((table, place) for place in table.rows_with(key).tolist())


def _compare(table: TextTable, index: UnseenTexts) -> tuple[tuple[Meeting, ...], Wording]:
    """One seen dataset held against the unseen side, a chunk of texts at a time."""
    alike: list[Meeting] = []
    holders, grams = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    fresh = table.read()
    while texts := list(islice(fresh, CHUNK)):
        alike += index.alike(texts)
        keys, held = index.grams_in(texts)
        holders.append(keys)
        grams.append(held)
    return _without_wording(table, index, alike, np.concatenate(holders), np.concatenate(grams))


def _without_wording(
    table: TextTable, index: UnseenTexts, alike: Sequence[Meeting], holders: Keys, grams: Keys
) -> tuple[tuple[Meeting, ...], Wording]:
    compared = table.compared
    often = np.bincount(grams, minlength=len(index.grams)) > max(WORDING_TEXTS, WORDING_SHARE * compared.texts)
    repeated = table.repeated(max(WORDING_TEXTS, WORDING_SHARE * compared.rows))
    met = set(repeated[np.isin(repeated, np.append(holders, [each.seen for each in alike]))].tolist())
    meetings = {(each.seen, each.unseen): each for each in alike if each.seen not in met}
    kept = ~often[grams] & ~np.isin(holders, list(met))
    for each in index.sharing(holders[kept], grams[kept]):
        meetings.setdefault((each.seen, each.unseen), each)
    example = next((index.grams.words(gram) for gram in np.flatnonzero(often).tolist()), "")
    return tuple(meetings.values()), Wording(compared.dataset, int(often.sum()), len(met), example)
