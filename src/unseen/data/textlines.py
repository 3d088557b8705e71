"""The lines of a text file, whatever its byte-order mark, with the line named where the bytes are no text."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from unseen.data.together import ENOUGH, joined
from unseen.errors import DataMistake

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def text_lines(path: Path, options: Mapping[str, Any], newline: str = "\n") -> Iterator[str]:
    """Lines with their ends, split at `newline` as `open` understands it: only at a line feed unless told otherwise.

    (`str.splitlines` would also split at U+2028 and form feeds, which stand inside real texts.) The encoding is the
    byte-order mark's, else `options["encoding"]`, else UTF-8. Raises `DataMistake` with file and line for a missing
    file, a NUL byte, and bytes that are no text.
    """
    try:
        encoding = encoding_of(path, options)
        with path.open(encoding=encoding, newline=newline) as file:
            for number, line in enumerate(file, 1):
                if "\0" in line:
                    raise DataMistake(f"{path}, line {number}", "holds a NUL byte", "is it really a text file?")
                yield line
    except UnicodeError as error:
        raise _undecodable(path, encoding, error) from None
    except OSError as error:
        raise unreadable(path, error) from None


def encoding_of(path: Path, options: Mapping[str, Any]) -> str:
    """What the byte-order mark says, else the description, else UTF-8."""
    with path.open("rb") as file:
        start = file.read(4)
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return encoding
    return str(options.get("encoding", "utf-8"))


def unreadable(path: Path, error: OSError) -> DataMistake:
    """The mistake of naming a file that is not there, is a folder, or may not be read."""
    if isinstance(error, FileNotFoundError):
        return DataMistake(str(path), "no such file", "check the path in the description")
    if isinstance(error, IsADirectoryError):
        return DataMistake(str(path), "is a folder", "write 'folder: ...' with 'files: {train: \"*.jsonl\"}'")
    return DataMistake(str(path), f"cannot be read ({error.strerror or error})")


def _undecodable(path: Path, encoding: str, error: UnicodeError) -> DataMistake:
    """Find the lines: the decoder only knows its place within a buffer, and stops at the first."""
    what = f"bytes that are not {encoding} text ({getattr(error, 'reason', error)})"
    remedy = "save it as UTF-8, or name its encoding, for example 'encoding: latin-1'"
    numbers = islice(() if encoding.startswith("utf-16") else _undecodable_lines(path, encoding), ENOUGH)
    bad = [DataMistake(f"{path}, line {number}", what, remedy) for number in numbers]
    return joined(bad) if bad else DataMistake(str(path), what, remedy)


def _undecodable_lines(path: Path, encoding: str) -> Iterator[int]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeError:
                yield number
