"""Records of JSON files: lines, a list, an object of columns, an object around a list, and lines in disguise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from unseen.data.jsontext import Decoder, Record, beyond, faulty
from unseen.data.textlines import encoding_of, text_lines, unreadable
from unseen.errors import DataMistake, nearest

CHUNK = 1 << 16  # characters read at a time
BLANK = " \t\r\n"
WHITE = re.compile(f"[{BLANK}]*")
KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "a truth value", type(None): "null"}
WRAPPERS = ("data", "rows")


def read_jsonl(path: Path, options: Mapping[str, Any]) -> Iterator[Record | DataMistake]:
    """One object a line, or its mistake; blank lines are no records."""
    decoder = Decoder()
    for number, line in enumerate(text_lines(path, options), 1):
        if line.strip(BLANK):
            where = f"{path}, line {number}"
            value = _parse(decoder, line, where)
            yield value if isinstance(value, dict) else _no_record(value, where)


def read_json(path: Path, options: Mapping[str, Any]) -> Iterator[Record | DataMistake]:
    """The records of a `.json` file, or their mistakes, of whatever shape:

    a list of objects (streamed); one object a line (streamed); an object that holds the list under `field`, `data` or
    `rows`; an object of equally long columns; else the object is the one record. With `options["whole"]` an object is
    always the one record (its nested list is exploded later). Raises `DataMistake` with file and line where the text
    is no JSON, since what follows cannot be told apart.
    """
    values = _top_level_values(path, options)
    first = next(values, None)
    second = next(values, None)
    if first is None:
        return
    if second is None and isinstance(first[1], dict):
        yield from _records_of_object(first[1], path, options)
        return
    if "field" in options and not isinstance(first[1], DataMistake):
        raise DataMistake(str(path), "is a list of records, so 'field' does not apply", "leave it out")
    for line, value in chain([first], [second] if second else [], values):
        yield value if isinstance(value, dict) else _no_record(value, f"{path}, line {line}")


def _records_of_object(whole: Record, path: Path, options: Mapping[str, Any]) -> Iterator[Record | DataMistake]:
    if options.get("whole"):
        yield whole
        return
    inner = _inner_list(whole, path, options)
    if inner is not None:
        for number, value in enumerate(inner):
            yield value if isinstance(value, dict) else _no_record(value, f"{path}, record {number}")
    elif whole and all(isinstance(column, list) for column in whole.values()):
        yield from _records_of_columns(whole, path)
    else:
        yield whole


def _inner_list(whole: Record, path: Path, options: Mapping[str, Any]) -> list[Any] | None:
    if "field" not in options:
        lists = [whole[name] for name in WRAPPERS if isinstance(whole.get(name), list)]
        return next((each for each in lists if each and isinstance(each[0], dict)), None)
    value: Any = whole
    for key in str(options["field"]).split("."):
        if not isinstance(value, dict) or key not in value:
            known = value if isinstance(value, dict) else ()
            raise DataMistake(str(path), f"has no field '{options['field']}'", nearest(key, known, "fields"))
        value = value[key]
    if not isinstance(value, list):
        raise DataMistake(str(path), f"field '{options['field']}' is no list of records")
    return value


def _records_of_columns(columns: dict[str, list[Any]], path: Path) -> Iterator[Record]:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise DataMistake(
            str(path), f"has columns of unequal lengths ({shown})", "name the list of records with 'field: ...'"
        )
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _top_level_values(path: Path, options: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    """(line, value) of each value of a stream, and of each element where the stream is one list."""
    text = _Stream(path, options)
    if text.peek() == "[":
        text.skip(1)
        yield from _elements(text)
    while text.peek():
        yield text.value()


def _elements(text: _Stream) -> Iterator[tuple[int, Any]]:
    if text.peek() == "]":
        text.skip(1)
        return
    while True:
        yield text.value()
        mark = text.peek()
        if mark not in (",", "]"):
            raise text.mistake("the list is not closed" if not mark else f"',' or ']' expected, got '{mark}'")
        text.skip(1)
        if mark == "]":
            if text.peek():
                raise text.mistake("text after the end of the list")
            return


class _Stream:
    """A window over a JSON text that grows until the value at its start is whole."""

    def __init__(self, path: Path, options: Mapping[str, Any]) -> None:
        self.path, self.line = path, 1
        self._chunks, self._decoder = _chunks(path, options), Decoder()
        self._text, self._at = "", 0

    def peek(self) -> str:
        """The next character that is not blank; '' at the end."""
        while True:
            self.skip(_after_blank(self._text, self._at) - self._at)
            if self._at < len(self._text) or not self._grow(CHUNK):
                return self._text[self._at : self._at + 1]

    def skip(self, count: int) -> None:
        self.line += self._text.count("\n", self._at, self._at + count)
        self._at += count

    def value(self) -> tuple[int, Any]:
        """(line, value or its mistake) of what starts here. A failed attempt doubles the window, so the work stays
        linear."""
        self.peek()
        line = self.line
        want = CHUNK
        while True:
            try:
                value, end = self._decoder.decode(self._text, self._at)
                if end == len(self._text) and self._grow(want):
                    continue  # a number may go on in the next chunk
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError) or not self._grow(want):
                    raise self._mistake_of(error) from None
                want *= 2
                continue
            text = self._text[self._at : end]
            self.skip(end - self._at)
            return line, faulty(self._decoder, value, text, f"{self.path}, line {line}") or value

    def mistake(self, what: str) -> DataMistake:
        return DataMistake(f"{self.path}, line {self.line}", f"is not JSON ({what})", "is the file whole?")

    def _mistake_of(self, error: Exception) -> DataMistake:
        if isinstance(error, json.JSONDecodeError):
            self.skip(error.pos - self._at)
            return self.mistake(error.msg.removesuffix(" at"))
        return self.mistake(beyond(error))

    def _grow(self, count: int) -> bool:
        """Read at least `count` characters more, if there are any; forget what was consumed."""
        more = []
        while count > 0 and (chunk := next(self._chunks, "")):
            more.append(chunk)
            count -= len(chunk)
        self._text, self._at = self._text[self._at :] + "".join(more), 0
        return bool(more)


def _chunks(path: Path, options: Mapping[str, Any]) -> Iterator[str]:
    try:
        with path.open(encoding=encoding_of(path, options), newline="\n") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except UnicodeError:
        for _ in text_lines(path, options):  # which raises, and names the line
            pass
    except OSError as error:
        raise unreadable(path, error) from None


def _parse(decoder: Decoder, text: str, where: str) -> Any:
    """The value of a line, or its mistake."""
    try:
        value, end = decoder.decode(text, _after_blank(text, 0))
        if (more := _after_blank(text, end)) < len(text):
            raise json.JSONDecodeError("Extra data", text, more)
    except json.JSONDecodeError as error:
        what = f"is not JSON ({error.msg.removesuffix(' at')}, column {error.colno})"
        return DataMistake(where, what, "is the line whole?")
    except (ValueError, RecursionError) as error:
        return DataMistake(where, f"is not JSON ({beyond(error)})", "is the line whole?")
    return faulty(decoder, value, text, where) or value


def _after_blank(text: str, at: int) -> int:
    blank = WHITE.match(text, at)
    return blank.end() if blank else at


def _no_record(value: Any, where: str) -> DataMistake:
    if isinstance(value, DataMistake):
        return value
    what = f"holds {KINDS[type(value)]} where an object was expected"
    return DataMistake(where, what, 'each record is {"column": value, ...}')
