"""Records of line-aligned texts: line n of each file is record n."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from unseen.data.textlines import text_lines
from unseen.errors import DataMistake


def read_parallel(paths: Mapping[str, Path], options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One dict a line, a column a file. A blank line is a record like others: the files stay aligned.

    Raises `DataMistake` when one file ends before another.
    """
    texts = [text_lines(path, options) for path in paths.values()]
    for number, lines in enumerate(zip_longest(*texts), 1):
        if None in lines:
            ended = [str(path) for path, line in zip(paths.values(), lines, strict=True) if line is None]
            going = [str(path) for path, line in zip(paths.values(), lines, strict=True) if line is not None]
            raise DataMistake(
                ended[0], f"ends after {number - 1} lines where {going[0]} goes on", "the files are not line-aligned"
            )
        yield {name: line.rstrip("\r\n") for name, line in zip(paths, lines, strict=True)}
