"""Dataset descriptions: YAML files that say what a dataset is and where its rows lie. Their manual is docs/data.md."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from unseen.data import places
from unseen.data.columnpath import parse
from unseen.data.dataset import Dataset, Extract, Labels, Source
from unseen.data.records import SUFFIXES
from unseen.errors import DataMistake, nearest, raise_all
from unseen.recipe import Section, check_model, read_yaml_mapping

Kind = Literal["rows", "messages", "sharegpt", "alpaca", "prompt_completion"]
Format = Literal["jsonl", "json", "csv", "tsv", "xml", "parquet"]
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$"

# Keys that only some readers know; a key that would be ignored is a mistake.
READER_KEYS: Mapping[str, tuple[str, ...]] = {
    "jsonl": ("encoding",),
    "json": ("encoding", "field"),
    "csv": ("encoding", "header", "delimiter", "quoting"),
    "tsv": ("encoding", "header", "delimiter", "quoting"),
    "xml": ("record",),
    "parquet": (),
    "parallel": ("encoding",),
}


def _text(value: Any) -> Any:
    """YAML reads a column named 1 as a number; a name is text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _quoted_word(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("YAML reads a bare yes, no, true or false as a truth value: put the word in quotes")
    return _text(value)


def _path(value: Any) -> Any:
    value = _text(value)
    if isinstance(value, str):
        parse(value)
    return value


Name = Annotated[str, BeforeValidator(_text)]
ColumnPath = Annotated[str, BeforeValidator(_path)]
Word = Annotated[str, BeforeValidator(_quoted_word)]


class Reading(Section):
    """How a file is read; said once for all files of a source, or for one of them."""

    format: Format | None = None
    header: bool | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    quoting: Literal["auto", "csv", "none"] | None = None
    encoding: str | None = None
    record: str | None = None
    field: str | None = None
    columns: tuple[Name, ...] | dict[Name, ColumnPath] | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        try:
            codecs.lookup(encoding or "utf-8")
        except LookupError:
            raise ValueError(f"no encoding is called '{encoding}'; for example utf-8, latin-1, cp1252") from None
        return encoding


class FileSection(Reading):
    path: str | None = None
    parallel: dict[str, str] = Field(default_factory=dict)
    take: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)] | None] = (0, None)

    @model_validator(mode="before")
    @classmethod
    def _bare_path(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_place(self) -> FileSection:
        if (self.path is None) == (not self.parallel):
            raise ValueError("say either 'path: file' or 'parallel: {column: file, ...}'")
        return self


class SourceSection(Reading):
    root: Literal["data"] | None = None
    folder: str | None = None
    files: dict[str, FileSection] = Field(default_factory=dict)
    hub: str | None = None
    subset: str | None = None
    splits: dict[str, str] = Field(default_factory=dict)

    @field_validator("files", "splits")
    @classmethod
    def _plain_names(cls, splits: dict[str, Any]) -> dict[str, Any]:
        odd = [name for name in splits if not re.fullmatch(NAME, name)]
        if odd:
            raise ValueError(f"'{odd[0]}' is no name of a split: letters, digits, '_', '-', '.'")
        return splits

    @model_validator(mode="after")
    def _one_kind(self) -> SourceSection:
        if (self.hub is None) == (not self.files):
            raise ValueError("say either 'files: {train: file, ...}' or 'hub: org/name@revision'")
        if self.hub is None and (self.subset or self.splits):
            raise ValueError("'subset' and 'splits' belong to a hub source")
        if self.hub is not None and not self.splits:
            raise ValueError("name the splits of the hub dataset: 'splits: {train: train, test: validation}'")
        return self


class LabelsSection(Section):
    column: ColumnPath
    words: tuple[Word, ...] = ()
    values: tuple[Any, ...] = ()
    unlabelled: str | int | float | bool | None = None

    @model_validator(mode="after")
    def _whole(self) -> LabelsSection:
        if not self.words and not self.values:
            raise ValueError("name the words of the labels, in the order of their indexes")
        if self.words and self.values and len(self.words) != len(self.values):
            raise ValueError(f"{len(self.words)} words for {len(self.values)} values")
        numbers = [word for index, word in enumerate(self.words) if word.isdigit() and int(word) != index]
        if numbers and not self.values:
            raise ValueError(f"the word '{numbers[0]}' could be an index: list the raw labels under 'values'")
        return self


class ExtractSection(Section):
    column: ColumnPath
    pattern: str
    group: int | str | None = None
    all: bool = False
    default: Any = None

    @model_validator(mode="after")
    def _compiles(self) -> ExtractSection:
        try:
            pattern = re.compile(self.pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"pattern is no regular expression ({error})") from None
        known = {*range(pattern.groups + 1), *pattern.groupindex}
        if self.group is not None and self.group not in known:
            raise ValueError(f"pattern has no group {self.group!r}, only {', '.join(map(str, sorted(known, key=str)))}")
        return self


class DescriptionFile(Section):
    """What a description may say."""

    dataset: str = Field(pattern=NAME)
    cluster: str = Field(pattern=NAME)
    source: SourceSection
    origin: tuple[str, ...] = ()
    language: str = "en"
    licence: str = ""
    about: str = ""
    kind: Kind = "rows"
    columns: dict[Name, ColumnPath] = Field(default_factory=dict)
    explode: str = ""
    extract: dict[str, ExtractSection] = Field(default_factory=dict)
    labels: LabelsSection | None = None
    metrics: tuple[str, ...] = ()
    templates: tuple[dict[str, Any], ...] = ()


def load_description(path: Path) -> Dataset:
    """The dataset that the YAML file `path` describes. Its rows are not touched.

    Relative files lie beside the description, or under `$UNSEEN_DATA` with `root: data`. Raises `DataMistake`, or
    `Mistakes` with one line each, naming file, key and remedy.
    """
    path = Path(path)
    said = check_model(DescriptionFile, read_yaml_mapping(path, DataMistake), str(path), DataMistake)
    return Dataset(
        name=said.dataset,
        cluster=said.cluster,
        splits=_splits(said, path),
        origin=said.origin or (said.dataset,),
        language=said.language,
        licence=said.licence,
        columns=said.columns,
        explode=said.explode,
        extract={name: _extract(each) for name, each in said.extract.items()},
        labels=_labels(said.labels),
        metrics=said.metrics,
        kind=said.kind,
        templates=said.templates,
        file=path,
    )


def _labels(said: LabelsSection | None) -> Labels | None:
    if said is None:
        return None
    values = tuple(tuple(each) if isinstance(each, list | tuple) else (each,) for each in said.values)
    words = said.words or tuple(str(each[0]) for each in values)
    return Labels(said.column, words, said.unlabelled, values)


def _extract(said: ExtractSection) -> Extract:
    groups = re.compile(said.pattern).groups
    group = said.group if said.group is not None else min(groups, 1)
    required = "default" not in said.model_fields_set
    return Extract(said.column, said.pattern, group, said.all, required, said.default)


def _splits(said: DescriptionFile, path: Path) -> dict[str, Source]:
    source = said.source
    base = path.absolute().parent if source.root is None else places.data_root() or Path("$UNSEEN_DATA")
    if source.hub is not None:
        return {split: _hub_source(source, theirs, base) for split, theirs in source.splits.items()}
    mistakes: list[DataMistake] = []
    splits: dict[str, Source] = {}
    for split, file in source.files.items():
        try:
            splits[split] = _file_source(said, file, base, f"{path}: source.files.{split}")
        except DataMistake as mistake:
            mistakes.append(mistake)
    raise_all(mistakes)
    return splits


def _hub_source(source: SourceSection, theirs: str, base: Path) -> Source:
    name, options = str(source.hub), {"subset": source.subset, "split": theirs}
    if (base / name).is_dir():
        return Source(str(base / name), "hub", options=options)
    return Source(name, "hub", options=options)


def _file_source(said: DescriptionFile, file: FileSection, base: Path, where: str) -> Source:
    said_once = said.source.model_dump(include=set(Reading.model_fields), exclude_none=True)
    options = {**said_once, **file.model_dump(include=set(Reading.model_fields), exclude_none=True)}
    folder = base / (said.source.folder or "")
    if file.parallel:
        format_, path = "parallel", folder
        options["files"] = {name: str(folder / each) for name, each in file.parallel.items()}
    else:
        format_, path = options.pop("format", None) or _format_of(str(file.path), where), folder / str(file.path)
    _refuse_foreign_keys(options, format_, where)
    if format_ == "json" and said.explode and "field" not in options:
        options["whole"] = True
    if said.source.folder is not None and set("*?[") & set(str(file.path)):
        options["pattern"], path = str(file.path), folder
    return Source(str(path), format_, file.take, options)


def _format_of(name: str, where: str) -> str:
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise DataMistake(where, f"'{name}' does not tell its format", f"add 'format:' ({', '.join(Format.__args__)})")  # type: ignore[attr-defined]
    return SUFFIXES[suffix]


def _refuse_foreign_keys(options: Mapping[str, Any], format_: str, where: str) -> None:
    names = isinstance(options.get("columns"), tuple)
    if names and format_ not in ("csv", "tsv"):
        raise DataMistake(where, f"a {format_} file names its own columns", "write 'columns: {name: column}'")
    for key in options.keys() - {"columns", "files"}:
        if key not in READER_KEYS[format_]:
            known = nearest(key, READER_KEYS[format_], f"keys of {format_}")
            raise DataMistake(where, f"'{key}' means nothing for {format_} files", known)
