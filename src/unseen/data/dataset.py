"""A dataset: a named source of raw rows, with its cluster, splits, licence and origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ALL = "all"  # a split that holds the rows of all others again: what a task that is unseen altogether is asked


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a dataset.

    `index` counts the records of its file from 0, header excluded, before anything is skipped; `values` maps the
    template's names to values, after column mapping.
    """

    split: str
    index: int
    values: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.split}/{self.index}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows of one split lie: a file, a folder, or a hub id, and which records of it are taken."""

    path: str  # absolute path, or a hub id `org/name@revision`
    format: str  # jsonl, json, csv, tsv, xml, parquet, parallel, hub, task_file
    take: tuple[int, int | None] = (0, None)  # records [start, stop) of the file
    deal: tuple[int, tuple[int, ...]] = (1, (0,))  # (n, parts): of these, the records whose number modulo n is a part
    options: Mapping[str, Any] = field(default_factory=dict)  # what the format's reader needs: see docs/data.md


@dataclass(frozen=True, slots=True)
class Labels:
    """The label column, its words in the order of their indexes, and the value that marks an unlabelled row.

    `values` are the raw labels of each index (usually one, more where a file spells a label in several ways); empty
    when the raw label is the index or the word itself.
    """

    column: str
    words: tuple[str, ...]
    unlabelled: Any = None
    values: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Extract:
    """A column got out of the text of another by a regular expression (Python's `re`).

    `every` gives the list of all matches instead of the first; `default` stands in where nothing matches, and
    without one (`required`) that is a mistake.
    """

    column: str
    pattern: str
    group: int | str = 1
    every: bool = False
    required: bool = True
    default: Any = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as its YAML description says it; frozen, changed by `dataclasses.replace`.

    `origin` names what the dataset is, as published; `shares_rows_with` other published datasets that have some of its
    rows or were made of them. Hold-outs compare both; official lists (`list:t0`) go by name and origin. `lists` are the
    official lists that its collection says it is in. `language` holds every language of its inputs and outputs.
    `templates` are the raw template mappings of the description: `prompt/` makes `Template`s of them, and of
    `instruction` the instruction of a task file.
    """

    name: str
    cluster: str
    splits: Mapping[str, Source]
    origin: tuple[str, ...]
    language: tuple[str, ...] = ("en",)
    licence: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)  # template's name -> column, or path, in the record
    explode: str = ""  # path of a nested list whose elements become the records
    extract: Mapping[str, Extract] = field(default_factory=dict)
    labels: Labels | None = None
    metrics: tuple[str, ...] = ()
    kind: str = "rows"  # rows (templates ask) | messages | sharegpt | alpaca | prompt_completion (already instructions)
    templates: tuple[Mapping[str, Any], ...] = ()
    instruction: Mapping[str, Any] | None = None  # of a task of a collection: what its file says of it
    categories: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    file: Path | None = None  # the description itself, for messages
    catalog: str = ""
    shares_rows_with: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    @property
    def task(self) -> str:
        """Name of the original task over this dataset: `cluster/dataset`."""
        return f"{self.cluster}/{self.name}"
