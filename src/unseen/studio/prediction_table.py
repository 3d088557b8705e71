"""The predictions of a run as questions with the answers of base and tuned, filtered fast however many there are.

Texts stay in the file. What filters need is read once, as numbers; a text that is shown, or
searched, is read from the row group that it lies in.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.errors import ScoreMistake, UserMistake
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import files_of, prediction_of
from unseen.reporting.numbers import row_name
from unseen.reporting.pairs import BETTER, JUDGED, SAME, UNJUDGED, WORSE, Pair
from unseen.studio.run_folders import folder_at
from unseen.studio.workspace import Workspace

KEYS = ("task", "template", "split", "row", "side", "shots", "seed", "plain")  # what makes a question
KINDS = (*JUDGED.values(), BETTER, WORSE, SAME, "right", "partly right", "wrong", UNJUDGED)
FILTERS = ("task", "template", "side", "shots")
SEARCHED = ("prompt", "text", "split", "row")
SECONDS = 0.12  # of searching texts, before what was found so far is shown
HELD = 128  # row groups whose texts are kept for the next search

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column with few values: `codes` into `names`."""

    codes: Ints
    names: tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Questions in the order of the file. `base` and `tuned` are places of predictions, -1 where there is none; `kind`
    indexes `KINDS`. `starts` holds the first place of each row group, `files` the files and their row groups."""

    files: tuple[Any, ...]
    groups: tuple[tuple[int, int], ...]
    starts: Ints
    base: Ints
    tuned: Ints
    kind: Ints
    columns: Mapping[str, Column]
    predictions: int
    _held: dict[int, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.kind)

    def where(self, wanted: Mapping[str, str]) -> Ints:
        """The questions whose kind and columns have the values of `wanted`, as text; an empty one is any."""
        mask = np.ones(len(self), dtype=bool)
        if wanted.get("kind"):
            mask &= self.kind == (KINDS.index(wanted["kind"]) if wanted["kind"] in KINDS else -1)
        for name in (*FILTERS, "plain"):
            if wanted.get(name):
                column = self.columns[name]
                codes = [code for code, value in enumerate(column.names) if str(value) == wanted[name]]
                mask &= np.isin(column.codes, codes)
        return np.flatnonzero(mask)

    def counts(self, chosen: Ints) -> dict[str, int]:
        """How many of the questions are of each kind that there is."""
        found = np.bincount(self.kind[chosen], minlength=len(KINDS))
        return {name: int(count) for name, count in zip(KINDS, found, strict=True) if count}

    def pairs(self, questions: Sequence[int]) -> list[Pair]:
        """Questions with their prompts and both answers; a row group that several lie in is read once."""
        read: dict[int, Any] = {}
        both = [[self._prediction(int(side[each]), read) for side in (self.base, self.tuned)] for each in questions]
        return [Pair(next(each for each in pair if each is not None), *pair) for pair in both]

    def searched(self, chosen: Ints, words: str, most: int) -> tuple[list[int], int]:
        """The first `most` of `chosen` whose prompt or answers hold every word, and how many of `chosen` were looked
        at: all, those up to the last one found, or as many as `SECONDS` allow."""
        wanted = words.lower().split()
        if not wanted:
            return [int(each) for each in chosen[:most]], min(most, len(chosen))
        found: list[int] = []
        until = time.monotonic() + SECONDS
        for number, question in enumerate(chosen):
            if any(place >= 0 and self._says(int(place), wanted) for place in self._places(question)):
                found.append(int(question))
            if len(found) == most or time.monotonic() > until:
                return found, number + 1
        return found, len(chosen)

    def _places(self, question: int) -> tuple[int, int]:
        return int(self.base[question]), int(self.tuned[question])

    def _says(self, place: int, words: Sequence[str]) -> bool:
        texts, at = self._texts(place)
        return all(word in texts[at] for word in words)

    def _texts(self, place: int) -> tuple[list[str], int]:
        group = self._group_of(place)
        held = self._held.get(group)
        if held is None:
            held = self._read_texts(group)
            if len(self._held) >= HELD:
                self._held.pop(next(iter(self._held)))
            self._held[group] = held
        return held, place - int(self.starts[group])

    def _read_texts(self, group: int) -> list[str]:
        file, number = self.groups[group]
        table = self.files[file].read_row_group(number, columns=list(SEARCHED)).to_pydict()
        return [
            f"{prompt}\n{text}\n{row_name(split, row)}".lower()
            for prompt, text, split, row in zip(*(table[name] for name in SEARCHED), strict=True)
        ]

    def _prediction(self, place: int, read: dict[int, Any]) -> Prediction | None:
        if place < 0:
            return None
        group = self._group_of(place)
        if group not in read:
            file, number = self.groups[group]
            read[group] = self.files[file].read_row_group(number)
        return prediction_of(read[group].slice(place - int(self.starts[group]), 1).to_pylist()[0])

    def _group_of(self, place: int) -> int:
        return int(np.searchsorted(self.starts, place, side="right")) - 1


def table_of(workspace: Workspace, folder: Path) -> Table:
    """The predictions of a run folder; read anew where the file has changed. `ScoreMistake` where there are none."""
    path = folder / "predictions.parquet"
    files = files_of(path)
    stamp = tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)
    found: Table = workspace.kept(("predictions", str(path)), stamp, lambda: read_table(files))
    return found


def question_of(workspace: Workspace, path: str, number: int) -> Pair:
    """The question of that number in the run at `path`. Raises `UserMistake` where there is none."""
    table = table_of(workspace, folder_at(workspace, path))
    if not number < len(table):
        raise UserMistake(path, f"has no question {number}", f"choose one of 0 to {len(table) - 1}")
    return table.pairs([number])[0]


def read_table(files: Sequence[Path]) -> Table:
    """Index prediction files. Raises `ScoreMistake` for one that holds no predictions."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        opened = tuple(pq.ParquetFile(file) for file in files)
        numbers = pa.concat_tables([file.read(columns=[*KEYS, "model", "kind", "values"]) for file in opened])
        return _indexed(opened, numbers)
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        what = f"holds no predictions ({type(error).__name__}: {error})"
        raise ScoreMistake(str(files[0]), what, "name a run's predictions.parquet") from None


def _indexed(files: tuple[Any, ...], numbers: Any) -> Table:
    columns = {name: _column(numbers[name]) for name in (*KEYS, "model", "kind")}
    values, count = _values(numbers["values"]), numbers.num_rows
    groups = tuple((place, group) for place, file in enumerate(files) for group in range(file.num_row_groups))
    sizes = [files[place].metadata.row_group(group).num_rows for place, group in groups]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if sizes else np.zeros(0, np.int64)
    question, first = _questions(columns, count)
    base, tuned = (_places(columns["model"], name, question, len(first)) for name in ("base", "tuned"))
    kind = _kinds(columns, values, base, tuned, first)
    kept = {name: Column(columns[name].codes[first], columns[name].names) for name in (*FILTERS, "plain")}
    return Table(files, groups, starts, base, tuned, kind, kept, count)


def _column(chunks: Any) -> Column:
    coded = chunks.combine_chunks().dictionary_encode()
    if hasattr(coded, "combine_chunks"):
        coded = coded.combine_chunks()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Column(codes, tuple(coded.dictionary.to_pylist()))


def _values(chunks: Any) -> NDArray[np.float64]:
    """0..100 by the first metric that judges single rows, NaN where none does: as `pairs.value_of`."""
    array = chunks.combine_chunks()
    if hasattr(array, "chunks"):
        array = array.chunk(0) if array.num_chunks else array
    starts = array.offsets.to_numpy()
    items = array.items.to_numpy(zero_copy_only=False)
    has = starts[1:] > starts[:-1]
    found = np.full(len(array), np.nan)
    found[has] = items[starts[:-1][has]]
    return found


def _questions(columns: Mapping[str, Column], count: int) -> tuple[Ints, Ints]:
    """The number of each prediction's question, and each question's first prediction; questions in file order."""
    code, size = np.zeros(count, np.int64), 1
    for name in KEYS:
        column = columns[name]
        if size * max(1, len(column.names)) >= 1 << 62:
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
            size = count + 1
        code = code * max(1, len(column.names)) + column.codes
        size *= max(1, len(column.names))
    _, first, question = np.unique(code, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(first), np.int64)
    rank[order] = np.arange(len(first))
    return rank[question], first[order].astype(np.int64)


def _places(model: Column, name: str, question: Ints, questions: int) -> Ints:
    """Where each question was put to the model; the last time, where it was put twice."""
    found = np.full(questions, -1, np.int64)
    if name in model.names:
        places = np.flatnonzero(model.codes == model.names.index(name))
        found[question[places]] = places
    return found


def _kinds(columns: Mapping[str, Column], values: NDArray[np.float64], base: Ints, tuned: Ints, first: Ints) -> Ints:
    """What tuning did to each question, as `pairs.by_kind` tells it within a side and a way of asking."""
    group = columns["side"].codes * max(1, len(columns["kind"].names)) + columns["kind"].codes
    degree = ~np.isnan(values) & (values != 0) & (values != 100)
    graded = np.isin(group[first], np.unique(group[degree]))
    before = np.where(base >= 0, values[base], np.nan)
    after = np.where(tuned >= 0, values[tuned], np.nan)
    only = np.where(np.isnan(before), after, before)
    both = ~np.isnan(before) & ~np.isnan(after)
    cases: list[tuple[Any, str]] = [
        (np.isnan(only), UNJUDGED),
        (~both & (only == 100), "right"),
        (~both & (only == 0), "wrong"),
        (~both, "partly right"),
        (graded & (after > before), BETTER),
        (graded & (after < before), WORSE),
        (graded, SAME),
    ]
    judged = [(((before == 100) == was) & ((after == 100) == now), name) for (was, now), name in JUDGED.items()]
    tests = [test for test, _ in (*cases, *judged)]
    names = [KINDS.index(name) for _, name in (*cases, *judged)]
    return np.select(tests, names, KINDS.index(UNJUDGED)).astype(np.int64)
