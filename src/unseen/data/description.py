"""Dataset descriptions: YAML files that say what a dataset is and where its rows lie. Their manual is docs/data.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from unseen.data import places
from unseen.data.dataset import Dataset, Extract, Labels, Source
from unseen.data.description_file import (
    READER_KEYS,
    DescriptionFile,
    ExtractSection,
    FileSection,
    Format,
    LabelsSection,
    Reading,
    SourceSection,
)
from unseen.data.records import SUFFIXES
from unseen.errors import DataMistake, nearest, raise_all
from unseen.section import check_model
from unseen.yamlfile import read_yaml_mapping


def load_description(path: Path) -> Dataset:
    """The dataset that the YAML file `path` describes. Its rows are not touched.

    Relative files lie beside the description, or under `$UNSEEN_DATA` with `root: data`. Raises `DataMistake`, or
    `Mistakes` with one line each, naming file, key and remedy.
    """
    return described(read_yaml_mapping(Path(path), DataMistake), Path(path), str(path))


def described(values: Mapping[str, Any], path: Path, where: str) -> Dataset:
    """The dataset that the values of a description say, which lies at `path`; mistakes are about `where`."""
    if "dataset" not in values and ("seen" in values or "unseen" in values):
        raise DataMistake(where, "is a recipe, no dataset description", "keep recipes outside the catalog's folder")
    said = check_model(DescriptionFile, values, where, DataMistake)
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
        shares_rows_with=said.shares_rows_with,
        lists=said.lists,
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
        format_, path = options.pop("format", None) or format_of(str(file.path), where), folder / str(file.path)
    _refuse_foreign_keys(options, format_, where)
    if format_ == "json" and said.explode and "field" not in options:
        options["whole"] = True
    if set("*?[") & set(str(file.path)) and not path.exists():
        options["pattern"], path = str(file.path), folder
    deal = (file.deal.of, file.deal.keep) if file.deal else (1, (0,))
    return Source(str(path), format_, file.take, deal, options)


def format_of(name: str, where: str) -> str:
    """The format that a file's name tells. Raises `DataMistake` about `where`."""
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise DataMistake(where, f"'{name}' does not tell its format", f"add 'format:' ({', '.join(get_args(Format))})")
    return SUFFIXES[suffix]


def _refuse_foreign_keys(options: Mapping[str, object], format_: str, where: str) -> None:
    names = isinstance(options.get("columns"), tuple)
    if names and format_ not in ("csv", "tsv"):
        raise DataMistake(where, f"a {format_} file names its own columns", "write 'columns: {name: column}'")
    for key in options.keys() - {"columns", "files"}:
        if key not in READER_KEYS[format_]:
            known = nearest(key, READER_KEYS[format_], f"keys of {format_}")
            raise DataMistake(where, f"'{key}' means nothing for {format_} files", known)
