"""Judging predictions that were made elsewhere: `unseen score`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from unseen.data.together import joined, sound
from unseen.errors import ScoreMistake, raise_all
from unseen.evaluation.blocks import Block, block_of_texts, rows_of
from unseen.evaluation.metrics import check_metric
from unseen.evaluation.resample import interval_of
from unseen.task.seeds import generator

PARQUET = b"PAR1"
A_LINE = 'a line is {"prediction": …, "references": […]}'


@dataclass(frozen=True, slots=True)
class Judged:
    """Predictions with their references and groups, row by row; a row without a group holds None."""

    predictions: tuple[str, ...]
    references: tuple[tuple[str, ...], ...]
    groups: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class GroupScore:
    """A score over `count` rows, with its 95 % interval over new rows and what they could show, if anything."""

    score: float
    count: int
    low: float | None
    high: float | None
    detectable: float | None


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A metric over all rows (0..100, unrounded), and over the rows of each group by name."""

    metric: str
    whole: GroupScore
    groups: Mapping[str, GroupScore] = field(default_factory=dict)

    @property
    def score(self) -> float:
        return self.whole.score

    @property
    def count(self) -> int:
        return self.whole.count

    def to_json(self) -> dict[str, Any]:
        groups = {name: asdict(group) for name, group in self.groups.items()}
        return {"metric": self.metric, **asdict(self.whole), "groups": groups}


def score(
    metric: str,
    predictions: Sequence[str],
    references: Sequence[Sequence[str]],
    groups: Sequence[str | None] | None = None,
) -> ScoreTable:
    """Judge predictions by one metric of `metrics.py`, over all rows and group by group (groups in name order).

    Raises `ScoreMistake` for an unknown metric, no rows, lists of different lengths, or a row without references.
    """
    check_metric(metric)
    groups = [None] * len(predictions) if groups is None else groups
    _check_shape(predictions, references, groups)
    members: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        if group is not None:
            members.setdefault(group, []).append(row)
    block = block_of_texts(metric, predictions, references)
    by_group = {name: _scored(rows_of(block, rows)) for name, rows in sorted(members.items())}
    return ScoreTable(metric, _scored(block), by_group)


def score_file(metric: str, path: str | Path) -> ScoreTable:
    """`score` of a predictions file."""
    check_metric(metric)
    judged = read_predictions(path)
    return score(metric, judged.predictions, judged.references, judged.groups)


def read_predictions(path: str | Path) -> Judged:
    """Read a JSON-lines file of `{"prediction": str, "references": [str, ...], "group": str}` (group optional).

    Other keys are let pass, empty lines too. All the mistakes of the file are raised together, each naming its lines.
    """
    path = Path(path)
    rows = list(sound(_rows(path), str(path)))
    if not rows:
        raise ScoreMistake(str(path), "holds no prediction", 'write one {"prediction": …, "references": […]} a line')
    predictions, references, groups = zip(*rows, strict=True)
    return Judged(predictions, references, groups)


def _scored(block: Block) -> GroupScore:
    found = interval_of(block, generator(0, "bootstrap", "score"))
    return GroupScore(float(block.totals[0]), len(block.present), *found.limits)


def _check_shape(predictions: Sequence[str], references: Sequence[Sequence[str]], groups: Sequence[Any]) -> None:
    if not len(predictions) == len(references) == len(groups):
        sizes = f"{len(predictions)} predictions, {len(references)} references, {len(groups)} groups"
        raise ScoreMistake("score", f"lists of different lengths ({sizes})", "give one of each for every row")
    if not predictions:
        raise ScoreMistake("score", "there is no prediction to judge")
    empty = [row for row, wanted in enumerate(references) if not wanted or isinstance(wanted, str)]
    wrong = [ScoreMistake(f"row {row}", "has no list of references") for row in empty]
    raise_all([joined(wrong)] if wrong else [])


def _rows(path: Path) -> Iterator[tuple[str, tuple[str, ...], str | None] | ScoreMistake]:
    for number, line in _lines(path):
        if number == 1 and line.startswith(PARQUET):
            remedy = "write JSON lines; a run's own predictions are scored in its scores.json"
            raise ScoreMistake(str(path), "is a parquet file", remedy)
        try:
            yield _row(line, f"{path}, line {number}")
        except ScoreMistake as mistake:
            yield mistake


def _lines(path: Path) -> Iterable[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip(b" \t\r\n\xef\xbb\xbf"):
                    yield number, line
    except FileNotFoundError:
        raise ScoreMistake(str(path), "no such file", "check the path") from None
    except OSError as error:
        raise ScoreMistake(str(path), f"cannot be read ({error.strerror})", "name a JSON-lines file") from None


def _row(line: bytes, where: str) -> tuple[str, tuple[str, ...], str | None]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ScoreMistake(where, "is not UTF-8", "save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise ScoreMistake(
            f"{where}, column {error.colno}", f"is not JSON ({error.msg.removesuffix(' at')})", A_LINE
        ) from None
    except (ValueError, RecursionError):
        raise ScoreMistake(where, "is JSON beyond any prediction (too deep, or a number too long)", A_LINE) from None
    if not isinstance(row, dict):
        raise ScoreMistake(where, f"holds {_kind(row)}, not an object", 'write {"prediction": …, "references": […]}')
    return _prediction(row, where), _references(row, where), _group(row, where)


def _prediction(row: dict[str, Any], where: str) -> str:
    if "prediction" not in row:
        raise ScoreMistake(where, "has no 'prediction'", _closest("prediction", row))
    if not isinstance(row["prediction"], str):
        raise ScoreMistake(where, f"'prediction' is {_kind(row['prediction'])}, not a string", "put it in quotes")
    return row["prediction"]


def _references(row: dict[str, Any], where: str) -> tuple[str, ...]:
    if "references" not in row:
        raise ScoreMistake(where, "has no 'references'", _closest("references", row))
    references = row["references"]
    if not isinstance(references, list) or not all(isinstance(each, str) for each in references):
        raise ScoreMistake(where, "'references' is not a list of strings", 'write for example ["yes"]')
    if not references:
        raise ScoreMistake(where, "'references' is empty", "give at least one")
    return tuple(references)


def _group(row: dict[str, Any], where: str) -> str | None:
    group = row.get("group")
    if group is None and (meant := difflib.get_close_matches("group", row, n=1, cutoff=0.8)) and "group" not in row:
        raise ScoreMistake(
            where, f"has '{meant[0]}' and no 'group'", f"rename '{meant[0]}' to 'group', or to another key"
        )
    if group is not None and not isinstance(group, str):
        raise ScoreMistake(where, f"'group' is {_kind(group)}, not a string", "put it in quotes")
    return group


def _closest(key: str, row: dict[str, Any]) -> str:
    close = difflib.get_close_matches(key, row, n=1, cutoff=0.5)
    return f"rename '{close[0]}' to '{key}'" if close else A_LINE


def _kind(value: Any) -> str:
    names = {str: "a string", list: "a list", dict: "an object", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
