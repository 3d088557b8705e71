"""What a dataset description may say: the keys of its YAML file, each checked, unknown ones refused."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from unseen.section import Section

Kind = Literal["rows", "messages", "sharegpt", "alpaca", "prompt_completion"]
Format = Literal["jsonl", "json", "csv", "tsv", "xml", "parquet"]
LONGEST_PATH = 4096  # characters; no system takes more
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


def _possible_path(path: str) -> str:
    if not 0 < len(path) <= LONGEST_PATH or "\0" in path:
        raise ValueError("no file can have this name")
    return path


FilePath = Annotated[str, AfterValidator(_possible_path)]
Name = Annotated[str, BeforeValidator(_text)]
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
    columns: tuple[Name, ...] | dict[Name, Name] | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        try:
            codecs.lookup(encoding or "utf-8")
        except LookupError:
            raise ValueError(f"no encoding is called '{encoding}'; for example utf-8, latin-1, cp1252") from None
        return encoding


class DealSection(Section):
    """Records dealt out one by one, so that a file in any order gives splits that are alike."""

    of: int = Field(ge=2, le=1000)
    keep: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _below(self) -> DealSection:
        if max(self.keep) >= self.of:
            raise ValueError(f"of {self.of}, 'keep' names numbers from 0 to {self.of - 1}")
        return self


class FileSection(Reading):
    path: FilePath | None = None
    parallel: dict[str, FilePath] = Field(default_factory=dict)
    take: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)] | None] = (0, None)
    deal: DealSection | None = None

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
    folder: FilePath | None = None
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
        if self.hub is not None and any(getattr(self, key) is not None for key in Reading.model_fields):
            raise ValueError("a hub dataset knows its own formats: of the reading keys none applies")
        return self


class LabelsSection(Section):
    column: Name
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
    column: Name
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

    manual: ClassVar[str] = "docs/data.md"

    dataset: str = Field(pattern=NAME)
    cluster: str = Field(pattern=NAME)
    source: SourceSection
    origin: tuple[str, ...] = ()
    shares_rows_with: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    language: tuple[str, ...] = Field(("en",), min_length=1)
    licence: str = ""
    about: str = ""
    kind: Kind = "rows"
    columns: dict[Name, Name] = Field(default_factory=dict)
    explode: str = ""
    extract: dict[str, ExtractSection] = Field(default_factory=dict)
    labels: LabelsSection | None = None
    metrics: tuple[str, ...] = ()
    templates: tuple[dict[str, Any], ...] = ()

    @field_validator("language", mode="before")
    @classmethod
    def _one_language(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("explode")
    @classmethod
    def _keys_only(cls, path: str) -> str:
        return path.replace("[]", "")
