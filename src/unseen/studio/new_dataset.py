"""A dataset of the user's from a file: what its form says, the description that this makes, and saving it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from unseen.data.dataset import Dataset, Row
from unseen.data.description import described
from unseen.data.description_file import NAME
from unseen.data.list_edit import mapping_text, with_list
from unseen.data.rows import read_rows
from unseen.errors import DataMistake
from unseen.names import EXAMPLE, possible
from unseen.prompt.engine import compile_template
from unseen.studio.drafts import entry_of, starter, template_of
from unseen.studio.incoming import Incoming, slug
from unseen.studio.saving import free_name, history
from unseen.studio.workspace import Workspace
from unseen.wholefile import copy_whole

LONGEST_NAME = 80  # characters of a dataset's name, which names files
COPY = re.compile(r"-[0-9a-f]{8}$")  # what a copy of rows has behind its name
ANY_FILE = frozenset(
    (
        "",
        "my",
        "new",
        "the",
        "train",
        "training",
        "test",
        "dev",
        "valid",
        "validation",
        "eval",
        "all",
        "data",
        "dataset",
    )
    + ("rows", "records", "file", "table", "sheet", "export", "download", "untitled", "copy", "final", "output")
)
SPLITS = {
    "dealt": "four of five rows train, every fifth tests",
    "train": "all rows train",
    "test": "all rows test",
}


def column_names(columns: Sequence[str]) -> dict[str, str]:
    """Column -> a name that a template can read it by."""
    found: dict[str, str] = {}
    for column in columns:
        name = re.sub(r"\W+", "_", column).strip("_") or "column"
        name = f"_{name}" if name[0].isdigit() else name
        stem, number = name, 2
        while name in found.values() or name == "answer_choices":
            name, number = f"{stem}_{number}", number + 1
        found[column] = name
    return found


def form_of(given: Incoming) -> dict[str, str]:
    """What the form says before anybody has changed it."""
    guess = given.guess
    names = column_names(guess.columns)
    if not guess.options.get("header", True):  # no names of its own: those that descriptions usually have
        names |= {column: name for column, name in ((guess.text, "text"), (guess.label, "label")) if column}
    split = next((each for each in ("train", "test") if each in given.file.stem.lower()), "dealt")
    words = map(str, guess.labels.get(guess.label, ()))
    return {
        "dataset": given.called,
        "cluster": "mine",
        "licence": "",
        "language": "en",
        "origin": origin_of(given),
        "encoding": str(guess.options.get("encoding", "")),
        "split": split if given.dropped == "" or split == "dealt" else "dealt",
        "label": guess.label,
        "words": "\n".join(words),
        "copy": "on",
        **{f"column.{number}": names[column] for number, column in enumerate(guess.columns)},
    }


def origin_of(given: Incoming) -> str:
    """What the rows are until somebody says better: the name of their file, without its folder, its ending, and the
    mark of a copy in a catalog. Nothing for a name that any file could have, since hold-outs take two datasets of one
    origin for the same rows."""
    name = slug(COPY.sub("", given.stem))
    return "" if all(part in ANY_FILE or part.isdigit() for part in name.split("_")) else name


def description_of(given: Incoming, form: Mapping[str, str], rows: str) -> dict[str, Any]:
    """The values of the description, without templates; `rows` is how it names its file."""
    guess = given.guess
    renamed = {
        form.get(f"column.{number}", "").strip(): column
        for number, column in enumerate(guess.columns)
        if form.get(f"column.{number}", "").strip() not in ("", column)
    }
    said: dict[str, Any] = {
        "dataset": form.get("dataset", "").strip(),
        "cluster": form.get("cluster", "").strip(),
        "origin": _words(form.get("origin", "")) or [form.get("dataset", "").strip()],
        "language": _words(form.get("language", "")) or ["en"],
        "licence": form.get("licence", "").strip(),
        "source": {**_reading(given, form), "files": _files(rows, form.get("split", "dealt"))},
        "columns": renamed,
        "labels": _labels(given, form),
        "metrics": ["accuracy"] if form.get("label") else ["rouge_l"],
    }
    return {key: value for key, value in said.items() if value}


def _reading(given: Incoming, form: Mapping[str, str]) -> dict[str, Any]:
    options = {key: value for key, value in given.guess.options.items() if key != "encoding"}
    encoding = form.get("encoding", "").strip()
    return {**options, "encoding": encoding} if encoding else options


def _files(rows: str, split: str) -> dict[str, Any]:
    if split != "dealt":
        return {"test" if split == "test" else "train": rows}
    return {
        "train": {"path": rows, "deal": {"of": 5, "keep": [0, 1, 2, 3]}},
        "test": {"path": rows, "deal": {"of": 5, "keep": [4]}},
    }


def _labels(given: Incoming, form: Mapping[str, str]) -> dict[str, Any] | None:
    """The label column under the name that templates read, its words, and the file's own labels where they differ."""
    column = form.get("label", "")
    if column not in given.guess.columns:
        return None
    number = given.guess.columns.index(column)
    name = form.get(f"column.{number}", "").strip() or column
    raw = list(given.guess.labels.get(column, ()))
    words = _label_words(given, column, form.get("words", ""))
    if not words:
        raise DataMistake("labels", f"the words of '{column}' are missing", "write one a line")
    if raw and len(raw) != len(words):
        what = f"{len(words)} words for the {len(raw)} labels {', '.join(map(str, raw))}"
        raise DataMistake("labels", what, "write one word for each, a line each, in this order")
    said = {"column": name, "words": words}
    return {**said, "values": raw} if raw and (list(map(str, raw)) != words or _odd(words)) else said


def _label_words(given: Incoming, column: str, typed: str) -> list[str]:
    """The words that were typed; the column's own labels where there are none, or only another column's guess."""
    guessed = {name: list(map(str, labels)) for name, labels in given.guess.labels.items()}
    words = [word.strip() for word in typed.replace("\r\n", "\n").split("\n") if word.strip()]
    others = [labels for name, labels in guessed.items() if name != column]
    return guessed.get(column, []) if not words or words in others else words


def _odd(words: Sequence[str]) -> bool:
    return any(word.isdigit() and int(word) != place for place, word in enumerate(words))


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def previewed(given: Incoming, form: Mapping[str, str]) -> tuple[Dataset, str]:
    """The dataset as the form says it, and its description as a file would hold it. Raises its mistakes."""
    values = description_of(given, form, str(given.file.absolute()))
    dataset = described(values, given.file.parent / f"{given.called}.yaml", "the form")
    shown = description_of(given, form, _rows_name(given, form, dataset.name))
    return dataset, mapping_text(shown)


def _rows_name(given: Incoming, form: Mapping[str, str], name: str) -> str:
    if not given.dropped and not form.get("copy"):
        return str(given.file.absolute())
    mark = given.dropped[:8] or hashlib.sha256(str(given.file.absolute()).encode()).hexdigest()[:8]
    return f"rows/{name}-{mark}{given.file.suffix.lower()}"


def save_dataset(workspace: Workspace, given: Incoming, form: Mapping[str, str]) -> str:
    """Write the description, a first template and a copy of the rows into the user's catalog; the task's name.

    Raises `DataMistake` for a name that is taken, and for rows that the description does not fit.
    """
    dataset, text = previewed(given, form)
    folder = workspace.own_catalog
    if len(dataset.name) > LONGEST_NAME:
        raise DataMistake("the form", "dataset: must be shorter", f"{LONGEST_NAME} characters will do")
    file = folder / f"{dataset.name}.yaml"
    known = known_names(workspace)
    if dataset.name in known:
        what = f"there is a dataset '{dataset.name}' already"
        raise DataMistake("name", what, f"try {free_name(dataset.name, known)}")
    row = _checked(dataset)
    entry = entry_of(starter(dataset, row.values, "first"))
    compile_template(template_of(entry, dataset), row.values)
    edited = with_list(text, str(file), "templates", [entry])
    rows = _rows_name(given, form, dataset.name)
    if not Path(rows).is_absolute():
        copy_whole(given.file, folder / rows)
    history(workspace).write(f"new dataset {dataset.task}", file, edited.text, None)
    if given.dropped:
        given.file.unlink(missing_ok=True)  # its copy is in the catalog now
    return dataset.task


def known_names(workspace: Workspace) -> list[str]:
    """Names that datasets have already."""
    files = workspace.own_catalog.glob("*.yaml")
    return [*(each.name for each in workspace.catalog().datasets), *(each.stem for each in files)]


def better_name(typed: str, known: Sequence[str]) -> str:
    """The nearest name to what was typed that a new dataset may have; nothing where that is what was typed."""
    name = possible(typed, NAME) or EXAMPLE
    better = free_name(name, known) if name in known else name
    return "" if better == typed else better


def _checked(dataset: Dataset) -> Row:
    """The first row, after all were read once. Raises `DataMistake` for bad ones, and for too few to deal out."""
    split, source = next(iter(dataset.splits.items()))
    whole = replace(dataset, splits={split: replace(source, deal=(1, (0,)))})
    count = sum(1 for _ in read_rows(whole, split))
    if count < source.deal[0]:
        raise DataMistake("splits", f"{count} rows are too few to deal out", "choose one split for all of them")
    return next(read_rows(whole, split))
