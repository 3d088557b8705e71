"""A hold-out: the seen side, the unseen side, and the proof that they are apart.

The claim has a level. What stands on both sides at that level or a finer one, by name or by origin, is refused; coarser
overlap is named in the proof. Then the rows' texts are compared (leakage.py), whatever the level: rows are the finest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from unseen.data.dataset import Row
from unseen.errors import HoldOutMistake, TaskMistake, raise_all
from unseen.phases import Advance
from unseen.recipe import HoldOutSettings
from unseen.task.claims import LEVELS, Level, finer, shared_names
from unseen.task.content import Columns
from unseen.task.leakage import overlap_of
from unseen.task.proof import Offending, Pair, Proof, offending_of
from unseen.task.task import Task
from unseen.task.texts import SideRows
from unseen.task.watched import watched

SideName = Literal["seen", "unseen"]
RowsOf = Callable[[Task, SideName], Sequence[Row]]
TOLD = 3  # pairs of rows in a message


@dataclass(frozen=True, slots=True)
class HoldOut:
    """Two sides that are apart, with the proof. Rows are told by their number (`Row.index`), by `cluster/dataset`.

    `dropped_seen` are rows that must not be tuned on (`overlap: drop_seen`). `clean_unseen` are the unseen rows that
    share no text with the seen side, None where all are clean (`overlap: clean_subset` scores both).
    """

    seen: tuple[Task, ...]
    unseen: tuple[Task, ...]
    level: Level
    proof: Proof
    dropped_seen: Mapping[str, frozenset[int]]
    clean_unseen: Mapping[str, frozenset[int] | None]


def hold_out(
    seen: Sequence[Task],
    unseen: Sequence[Task],
    settings: HoldOutSettings,
    rows_of: RowsOf,
    excluded: Mapping[str, str] | None = None,
    progress: Advance | None = None,
) -> HoldOut:
    """Prove that `seen` and `unseen` are apart at `settings.level`; `excluded` is what rules left out of `seen`, and
    `progress` is told how many of the rows were read.

    `rows_of(task, side)` gives the rows that a task brings to a side, all of one split: what is tuned on, what is
    asked. It is called once for each dataset of a side. Raises `TaskMistake` for a turned-around task on the unseen
    side, and `HoldOutMistake` for overlap by name, or by text under `overlap: refuse`, with the first rows shown.
    """
    _refuse_turned(unseen)
    names = shared_names(seen, unseen)
    _refuse_names(settings.level, names)
    sides = _side(seen, "seen", rows_of), _side(unseen, "unseen", rows_of)
    sides = sides if progress is None else watched(sides, progress)
    overlap = overlap_of(*sides, settings)
    offending = offending_of(overlap)
    if settings.overlap == "refuse":
        _refuse_texts(offending)
    unclean = _numbers(sides[1], offending.unseen)
    dropped = _numbers(sides[0], offending.seen) if settings.overlap == "drop_seen" else {}
    proof = Proof(
        level=settings.level,
        overlap=settings.overlap,
        ngram=settings.ngram,
        near=settings.near,
        seen=tuple(task.name for task in seen),
        unseen=tuple(task.name for task in unseen),
        coarser={level: names[level] for level in LEVELS if level not in finer(settings.level)},
        compared_seen=tuple(table.compared for table, _ in overlap.seen),
        compared_unseen=tuple(table.compared for table in overlap.unseen.tables),
        wordings=overlap.wordings,
        counts=offending.counts,
        pairs=offending.pairs,
        dropped_seen=_sorted(dropped),
        unclean_unseen=_sorted(unclean),
        rules=settings.rules,
        excluded=dict(excluded or {}),
    )
    clean = {side.name: _clean(side, unclean.get(side.name)) for side in sides[1]}
    if settings.overlap != "clean_subset":
        clean = dict.fromkeys(clean)
    return HoldOut(tuple(seen), tuple(unseen), settings.level, proof, dropped, clean)


def _refuse_turned(unseen: Sequence[Task]) -> None:
    raise_all(
        [
            TaskMistake(
                "unseen", f"'{task.name}' turns input and answer around, which is for tuning only", "leave it out"
            )
            for task in unseen
            if task.turned
        ]
    )


def _refuse_names(level: Level, names: Mapping[Level, Sequence[str]]) -> None:
    refused = [(shared, what) for shared in finer(level) for what in names.get(shared, ())]
    remedy = "take it from one side, or claim a finer level"
    raise_all(
        [
            HoldOutMistake("hold_out", f"at level '{level}' the {shared} {what} is on both sides", remedy)
            for shared, what in refused
        ]
    )


def _refuse_texts(offending: Offending) -> None:
    if not offending.counts:
        return
    counts = "; ".join(
        f"{each.seen_rows} rows of seen {each.seen_dataset} and {each.unseen_rows} of unseen {each.unseen_dataset}"
        for each in offending.counts[:TOLD]
    )
    more = f"; and {len(offending.counts) - TOLD} more pairs of datasets" if len(offending.counts) > TOLD else ""
    shown = "; ".join(_told(pair) for pair in offending.pairs[:TOLD])
    remedy = "say hold_out.overlap: drop_seen (not tuned on) or clean_subset (scored apart)"
    raise HoldOutMistake("hold_out", f"text on both sides: {counts}{more}. First: {shown}", remedy)


def _told(pair: Pair) -> str:
    share = {"equal": "are equal", "near": f"are {pair.measure:.0%} alike", "ngram": "share"}[pair.kind]
    text = (
        f'"{_short(pair.seen_text)}" and "{_short(pair.unseen_text)}"'
        if pair.kind == "near"
        else f'"{_short(pair.shared)}"'
    )
    return f"{pair.seen_dataset} {pair.seen_row} and {pair.unseen_dataset} {pair.unseen_row} {share}: {text}"


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:157] + "..."


def _side(tasks: Sequence[Task], side: SideName, rows_of: RowsOf) -> list[SideRows]:
    """Rows are asked for once a dataset; the columns are those that any of its tasks on this side shows."""
    by_dataset: dict[str, list[Task]] = {}
    for task in tasks:
        by_dataset.setdefault(task.dataset.task, []).append(task)
    return [SideRows(name, rows_of(same[0], side), Columns.of(same)) for name, same in by_dataset.items()]


def _numbers(side: Sequence[SideRows], places: Mapping[str, frozenset[int]]) -> dict[str, frozenset[int]]:
    """Row numbers of the rows at `places`."""
    rows = {each.name: each.rows for each in side}
    return {name: frozenset(rows[name][place].index for place in each) for name, each in places.items()}


def _clean(side: SideRows, unclean: frozenset[int] | None) -> frozenset[int] | None:
    return None if not unclean else frozenset(row.index for row in side.rows) - unclean


def _sorted(rows: Mapping[str, frozenset[int]]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(sorted(numbers)) for name, numbers in rows.items()}
