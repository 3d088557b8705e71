"""Records of a parquet file, in batches, so that memory stays flat."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from unseen.data.textlines import unreadable
from unseen.errors import DataMistake

BATCH = 512  # records decoded at a time


def read_parquet(path: Path, options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One dict a record; nested columns as dicts and lists. See `plain` for values that JSON does not know."""
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH, use_threads=False):
                for record in batch.to_pylist():
                    yield {name: plain(value) for name, value in record.items()}
    except (pyarrow.ArrowException, ValueError, OverflowError) as error:
        raise DataMistake(str(path), f"is not parquet ({str(error).partition('.')[0]})", "is the file whole?") from None
    except OSError as error:
        raise unreadable(path, error) from None


def plain(value: Any) -> Any:
    """`value` as JSON has it: times as ISO 8601 text, decimals as numbers, bytes as base64 text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value)
