"""Predictions in parquet, written so that a killed run keeps what it had.

While predictions come in they lie in small files beside the final one, each complete or absent; closing joins them
into one file, and only then do the parts go.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from unseen.errors import ScoreMistake
from unseen.evaluation.prediction import Prediction, Side
from unseen.wholefile import replacing

ROWS_A_PART = 200  # what a kill loses here at most; the answer cache has the answers
JUDGED = ("task", "template", "split", "row", "model", "seed", "kind", "text", "references", "metrics", "values")
TUPLES = ("references", "metrics", "choices", "log_probs", "lengths", "unconditional")


@cache
def schema() -> Any:
    """Column names and types of `predictions.parquet`."""
    import pyarrow as pa

    texts, numbers = pa.list_(pa.string()), pa.list_(pa.float64())
    whole, text = pa.int64(), pa.string()
    return pa.schema(
        {
            "task": text,
            "template": text,
            "split": text,
            "row": whole,
            "side": text,
            "model": text,
            "shots": whole,
            "seed": whole,
            "kind": text,
            "plain": pa.bool_(),
            "prompt": text,
            "text": text,
            "references": texts,
            "metrics": texts,
            "values": pa.map_(text, pa.float64()),
            "choices": texts,
            "correct": whole,
            "chosen": whole,
            "log_probs": numbers,
            "lengths": pa.list_(whole),
            "unconditional": numbers,
            "margin": pa.float64(),
            "cut": pa.bool_(),
            "shown": whole,
        }
    )


class PredictionWriter:
    """Writes predictions to `path` (a .parquet file); a context manager.

    Left by an exception, or killed, it leaves its parts in `<path>.parts`, where `read_predictions` finds them; a new
    writer for the same path starts over.
    """

    def __init__(self, path: Path, rows_a_part: int = ROWS_A_PART) -> None:
        self.path, self.rows_a_part = path, rows_a_part
        self._parts = parts_of(path)
        shutil.rmtree(self._parts, ignore_errors=True)
        self._parts.mkdir(parents=True)
        self._waiting: list[Prediction] = []
        self._written = 0

    def write(self, prediction: Prediction) -> None:
        self._waiting.append(prediction)
        if len(self._waiting) >= self.rows_a_part:
            self.flush()

    def flush(self) -> None:
        """Put what is waiting on disk as one part."""
        if self._waiting:
            _write_whole(self._parts / f"{self._written:06d}.parquet", [_table(self._waiting)])
            self._waiting = []
            self._written += 1

    def __enter__(self) -> PredictionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()
        if error is None:
            _write_whole(self.path, map(_read_table, _files(self._parts)))
            shutil.rmtree(self._parts)


def read_predictions(path: Path) -> Iterator[Prediction]:
    """The predictions in `path`, or, where a run was stopped, those in the parts beside it, in the order written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for file in files_of(path):
        try:
            table = pq.ParquetFile(file)
            yield from (prediction_of(row) for batch in table.iter_batches() for row in batch.to_pylist())
        except (pa.ArrowException, TypeError) as error:
            raise ScoreMistake(
                str(file), f"holds no predictions ({error})", "name a run's predictions.parquet"
            ) from None


def read_judged(path: Path, side: Side, shots: int) -> Iterator[Prediction]:
    """The predictions on one side at one number of shots, those to plain prompts left out, as far as scores need them:
    without prompt, choices and log-probabilities, five times as fast as `read_predictions`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = [("side", "==", side), ("shots", "==", shots), ("plain", "==", False)]
    try:
        rows = pq.read_table(path, columns=list(JUDGED), filters=wanted).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise ScoreMistake(str(path), f"holds no predictions ({error})", "name a run's predictions.parquet") from None
    for row in rows:
        row["values"] = dict(row["values"])
        row.update(references=tuple(row["references"]), metrics=tuple(row["metrics"]))
        yield Prediction(**row, side=side, shots=shots, plain=False, prompt="")


def files_of(path: Path) -> list[Path]:
    """`path`, or the parts beside it that a stopped run left; `ScoreMistake` where there is neither."""
    parts = _files(parts_of(path))
    if not parts and not path.is_file():
        raise ScoreMistake(str(path), "no such file", "name a run's predictions.parquet")
    return parts or [path]


def parts_of(path: Path) -> Path:
    return path.with_name(path.name + ".parts")


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet")) if folder.is_dir() else []


def _write_whole(path: Path, tables: Any) -> None:
    """Write `tables` to `path`, which appears complete or not at all."""
    import pyarrow.parquet as pq

    with replacing(path) as part, pq.ParquetWriter(part, schema(), compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)


def _read_table(part: Path) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(part, schema=schema())


def _table(predictions: Sequence[Prediction]) -> Any:
    import pyarrow as pa

    rows = [{**asdict(each), "values": list(each.values.items())} for each in predictions]
    return pa.Table.from_pylist(rows, schema=schema())


def prediction_of(row: dict[str, Any]) -> Prediction:
    """A row of a table with the columns of `schema`, as pyarrow gives it."""
    row["values"] = dict(row["values"])
    row.update({name: tuple(row[name]) for name in TUPLES})
    return Prediction(**row)
