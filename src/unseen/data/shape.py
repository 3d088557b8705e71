"""From the records of a file to the rows that templates see: explode, map columns, extract, index the labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from unseen.data.columnpath import NoSuchColumn, column_at
from unseen.data.dataset import Dataset, Extract, Row
from unseen.data.labels import LabelIndex
from unseen.data.records import Found, Record
from unseen.errors import DataMistake, nearest

PATIENCE = 3.0  # seconds for a pattern on one text


def rows_of(dataset: Dataset, split: str, records: Iterable[tuple[str, Found]]) -> Iterator[Row | DataMistake]:
    """Rows of the (file, record) pairs of a split, in order, and the mistakes of records that make none.

    Record numbers count from 0 after exploding, and before `take` and `deal` leave some out. A row holds the columns
    of its record under their own names, then those of `columns` (which win), then those of `extract`; the label
    column holds the label's index. Mistakes name file and record; those of records that cannot be read are given
    wherever they stand, since they leave unknown which numbers the others have.
    """
    source = dataset.splits[split]
    columns = {**dataset.columns, **_renamed(source.options.get("columns"))}
    labels = LabelIndex(dataset.labels) if dataset.labels else None
    patterns = {name: _pattern(extract) for name, extract in dataset.extract.items()}
    numbered = enumerate(_exploded(records, dataset.explode))
    (start, stop), (hands, kept) = source.take, source.deal
    for index, (file, record) in islice(numbered, stop):
        if isinstance(record, DataMistake):
            yield record
            continue
        if index < start or index % hands not in kept:
            continue
        try:
            values = {**record, **{name: column_at(record, path) for name, path in columns.items()}}
            for name, extract in dataset.extract.items():
                values[name] = _extracted(values, extract, patterns[name])
            if labels:
                values[labels.column] = labels.index_of(column_at(values, labels.column))
        except NoSuchColumn as missing:
            yield _missing(file, index, missing)
        except ValueError as error:
            yield DataMistake(f"{file}, record {index}", str(error), f"see {dataset.file or dataset.name}")
        else:
            yield Row(split, index, values)


def _renamed(columns: Any) -> Mapping[str, str]:
    return columns if isinstance(columns, Mapping) else {}


def _missing(file: str, index: int, missing: NoSuchColumn) -> DataMistake:
    known = missing.known
    where = f"{file}, record {index}"
    return DataMistake(where, f"has no column '{missing.name}'", nearest(missing.name, known, "it has"))


def _exploded(records: Iterable[tuple[str, Found]], path: str) -> Iterator[tuple[str, Found]]:
    """A record an element of the list at `path`, with the record around it as `outer`."""
    if not path:
        yield from records
        return
    for number, (file, record) in enumerate(records):
        if isinstance(record, DataMistake):
            yield file, record
            continue
        try:
            for each in _elements(record, path.split("."), {}):
                yield file, each
        except NoSuchColumn as missing:
            yield file, _missing(file, number, missing)


def _elements(record: Record, keys: list[str], outer: Record) -> Iterator[Record]:
    """Elements of the lists met on the way of `keys`. `outer` leaves out the list that is being exploded, which
    would otherwise be repeated in each of its elements."""
    value: Any = record
    for place, key in enumerate(keys):
        if not isinstance(value, Mapping):
            raise NoSuchColumn(".".join(keys[: place + 1]), tuple(map(str, record)))
        if key not in value:
            raise NoSuchColumn(key, tuple(map(str, value)))
        value = value[key]
        if isinstance(value, list):
            around = {**outer, **_without(record, keys[: place + 1])}
            for element in value:
                inner = element if isinstance(element, Mapping) else {"value": element}
                if place + 1 < len(keys):
                    yield from _elements(inner, keys[place + 1 :], around)
                else:
                    yield {**inner, "outer": around}
            return
    raise NoSuchColumn(f"{'.'.join(keys)}[]", (f"a {type(value).__name__} where a list was expected",))


def _without(record: Record, keys: list[str]) -> Record:
    if len(keys) == 1:
        return {name: value for name, value in record.items() if name != keys[0]}
    return {**record, keys[0]: _without(record[keys[0]], keys[1:])}


def _pattern(extract: Extract) -> Any:
    """`regex` reads what `re` reads, and can be told to give up: `(a+)+b` on a long text would take for ever."""
    import regex

    return regex.compile(extract.pattern)


def _extracted(values: Record, extract: Extract, pattern: Any) -> Any:
    text = column_at(values, extract.column)
    if not isinstance(text, str):
        raise ValueError(f"extract needs text, column '{extract.column}' holds a {type(text).__name__}")
    try:
        matches = pattern.finditer(text, timeout=PATIENCE)
        found = [match[extract.group] for match in (matches if extract.every else islice(matches, 1))]
    except TimeoutError:
        raise ValueError(f"the pattern '{extract.pattern}' takes over {PATIENCE:.0f} s on one text") from None
    if found:
        return found if extract.every else found[0]
    if extract.required:
        raise ValueError(f"column '{extract.column}' has no match of '{extract.pattern}'")
    return extract.default
