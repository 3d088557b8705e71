"""The proof that is stored with every score: what was compared, what was found, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import takewhile
from typing import Any

from unseen.task.leakage import Kind, Meeting, Overlap, Wording
from unseen.task.texts import Compared, TextTable

SHOWN, SHOWN_OF_PAIR = 50, 10  # pairs of rows that a proof shows, of all and of two datasets
MASK = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Pair:
    """A seen and an unseen row whose texts meet: their ids and texts, hashes of the texts, and what they share.

    `measure` is 1 for `equal`, the similarity for `near`, the number of shared n-grams for `ngram`.
    """

    kind: Kind
    measure: float
    seen_dataset: str
    seen_row: str
    unseen_dataset: str
    unseen_row: str
    seen_hash: str
    unseen_hash: str
    seen_text: str
    unseen_text: str
    shared: str


@dataclass(frozen=True, slots=True)
class PairCount:
    """How many rows of a seen and of an unseen dataset meet, and how many meetings there are of each kind."""

    seen_dataset: str
    unseen_dataset: str
    seen_rows: int
    unseen_rows: int
    kinds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Proof:
    """That the two sides are apart at `level`, by name and by text; `as_json` is what a record holds.

    `coarser` names what is shared at coarser levels than the claim's. `counts` are of what was found before
    `overlap` (drop_seen, clean_subset) was applied; `dropped_seen` and `unclean_unseen` are the rows concerned.
    `excluded` are tasks that the recipe's seen patterns name and that its `rules` left out, with the reason.
    """

    level: str
    overlap: str
    ngram: int
    near: float
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    coarser: Mapping[str, tuple[str, ...]]
    compared_seen: tuple[Compared, ...]
    compared_unseen: tuple[Compared, ...]
    wordings: tuple[Wording, ...]
    counts: tuple[PairCount, ...]
    pairs: tuple[Pair, ...]
    dropped_seen: Mapping[str, tuple[int, ...]]
    unclean_unseen: Mapping[str, tuple[int, ...]]
    rules: str | None = None
    excluded: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; row texts stand in `pairs` under seen_text, unseen_text and shared only."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Offending:
    """Places of the rows whose texts meet, by dataset, and what a proof tells of them."""

    seen: Mapping[str, frozenset[int]]
    unseen: Mapping[str, frozenset[int]]
    counts: tuple[PairCount, ...]
    pairs: tuple[Pair, ...]


def offending_of(overlap: Overlap) -> Offending:
    """The rows behind all meetings."""
    seen_rows: dict[tuple[str, str], set[int]] = defaultdict(set)
    unseen_rows: dict[tuple[str, str], set[int]] = defaultdict(set)
    kinds: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    pairs: list[Pair] = []
    for table, meetings in overlap.seen:
        for meeting in meetings:
            places = table.rows_with(meeting.seen).tolist()
            noted: set[tuple[str, str]] = set()  # a text of many rows on both sides is not noted once for each pair
            for other, place in overlap.unseen.rows_with(meeting.unseen):
                between = table.side.name, other.side.name
                if between not in noted:
                    noted.add(between)
                    seen_rows[between].update(places)
                unseen_rows[between].add(place)
                kinds[between][meeting.kind] += 1
                if len(pairs) < SHOWN and sum(kinds[between].values()) <= SHOWN_OF_PAIR:
                    pairs.append(_pair(overlap, meeting, table, places[0], other, place))
    counts = (
        PairCount(*between, len(seen_rows[between]), len(unseen_rows[between]), dict(kinds[between]))
        for between in kinds
    )
    return Offending(_by_dataset(seen_rows, 0), _by_dataset(unseen_rows, 1), tuple(counts), tuple(pairs))


def _pair(overlap: Overlap, meeting: Meeting, seen: TextTable, here: int, unseen: TextTable, there: int) -> Pair:
    seen_words, unseen_words = seen.words(here, meeting.seen), unseen.words(there, meeting.unseen)
    gram = unseen_words if meeting.gram is None else overlap.unseen.grams.words(meeting.gram)
    return Pair(
        kind=meeting.kind,
        measure=round(meeting.measure, 4),
        seen_dataset=seen.side.name,
        seen_row=seen.side.rows[here].id,
        unseen_dataset=unseen.side.name,
        unseen_row=unseen.side.rows[there].id,
        seen_hash=f"{meeting.seen & MASK:016x}",
        unseen_hash=f"{meeting.unseen & MASK:016x}",
        seen_text=seen_words,
        unseen_text=unseen_words,
        shared=gram if meeting.kind == "near" else _widened(gram, seen_words, unseen_words),
    )


def _widened(gram: str, one: str, other: str) -> str:
    """The shared run of words around `gram`, as far as both texts go on alike."""
    words, left, right = gram.split(" "), one.split(" "), other.split(" ")
    i, j = _place(words, left), _place(words, right)
    before = _common(reversed(left[:i]), reversed(right[:j]))
    after = _common(left[i + len(words) :], right[j + len(words) :])
    return " ".join(left[i - before : i + len(words) + after])


def _place(words: list[str], text: list[str]) -> int:
    """Where `words` begin in `text`; 0 if they do not (which only a collision of hashes could bring about)."""
    starts = (i for i in range(len(text) - len(words) + 1) if text[i : i + len(words)] == words)
    return next(starts, 0)


def _common(one: Iterable[str], other: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _by_dataset(rows: Mapping[tuple[str, str], set[int]], side: int) -> dict[str, frozenset[int]]:
    merged: dict[str, set[int]] = defaultdict(set)
    for between, places in rows.items():
        merged[between[side]] |= places
    return {name: frozenset(places) for name, places in merged.items()}
