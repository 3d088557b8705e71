"""Raw records of a source: the one place that knows which reader reads what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from unseen.data.dataset import Source
from unseen.data.delimited import read_delimited
from unseen.data.jsonfiles import read_json, read_jsonl
from unseen.data.parallel import read_parallel
from unseen.data.parquet import read_parquet
from unseen.data.task_file import read_instances
from unseen.data.xmlfile import read_xml
from unseen.errors import DataMistake

Record = Mapping[str, Any]
Found = Record | DataMistake  # a mistake stands in the place of a record that cannot be read
Reader = Callable[[Path, Mapping[str, Any]], Iterator[dict[str, Any] | DataMistake]]

READERS: Mapping[str, Reader] = {
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_delimited,
    "tsv": read_delimited,
    "xml": read_xml,
    "parquet": read_parquet,
    "task_file": read_instances,
}
DELIMITERS = {"csv": ",", "tsv": "\t"}
SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".xml": "xml",
    ".parquet": "parquet",
}


def read_records(source: Source) -> Iterator[tuple[str, Found]]:
    """(file, record or its mistake) pairs in order; `take` is not applied here. Records of a folder also tell their
    file's stem, as the column `_file`. Raises `DataMistake` where a file can be read no further."""
    if source.format == "hub":
        from unseen.data.hub import read_hub

        yield from ((source.path, record) for record in read_hub(source))
        return
    paths = source_files(source)
    if source.format == "parallel":
        files = dict(zip(source.options["files"], paths, strict=True))
        yield from ((source.path, record) for record in read_parallel(files, source.options))
        return
    options = {"delimiter": DELIMITERS.get(source.format), **source.options}
    if isinstance(options.get("columns"), Mapping):
        del options["columns"]  # a mapping renames columns; it does not name those of the file
    reader = READERS[source.format]
    for path in paths:
        mark = {"_file": path.stem} if "pattern" in source.options else {}
        for record in reader(path, options):
            yield str(path), {**record, **mark} if mark and not isinstance(record, DataMistake) else record


def source_files(source: Source) -> list[Path]:
    """The files of a source, in the order in which they are read. Raises `DataMistake` when there is none."""
    if source.path.startswith("$"):
        variable = Path(source.path[1:]).parts[0]
        raise DataMistake(source.path, f"{variable} is not set", "set it to the folder that holds the data")
    if source.format == "parallel":
        return [Path(path) for path in source.options["files"].values()]
    path = Path(source.path)
    if "pattern" not in source.options:
        return [path]
    found = sorted(each for each in path.glob(source.options["pattern"]) if each.is_file())
    if not found:
        raise DataMistake(str(path), f"no file matches '{source.options['pattern']}'", "check folder and pattern")
    return found
