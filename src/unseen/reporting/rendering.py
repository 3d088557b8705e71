"""`unseen render`: rows through templates, as JSON lines, or every mistake in them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from unseen.data.dataset import ALL, Dataset, Row, Source
from unseen.data.records import SUFFIXES
from unseen.data.rows import is_unlabelled, read_rows
from unseen.errors import DataMistake, UserMistake, raise_all
from unseen.evaluation.metrics import unknown_metrics
from unseen.progress import bar, say
from unseen.prompt.check import check_templates
from unseen.prompt.conversation import conversation, why_empty
from unseen.prompt.engine import CompiledTemplate
from unseen.prompt.template import Template
from unseen.prompt.templates import load_templates
from unseen.prompt.way import CompiledInstruction, Way, compile_way
from unseen.reporting.writing import writing
from unseen.task.task import Task

MOST_CHECKED = 10_000  # rows of a split that `--check` reads


@dataclass(frozen=True, slots=True)
class RenderSource:
    """What is rendered: every split of a dataset through templates, under the name of a task."""

    task: str
    dataset: Dataset
    templates: tuple[Way, ...]


@dataclass(slots=True)
class Left:
    """Counts of what was rendered and what was left out."""

    rendered: int = 0
    empty: int = 0
    unlabelled: int = 0


def task_source(task: Task) -> RenderSource:
    return RenderSource(task.name, task.dataset, task.templates)


def file_source(rows: Path, templates: Path) -> RenderSource:
    """A file of rows as a dataset of one split, named after the file. Raises `DataMistake`, `TemplateMistake`."""
    found = load_templates(templates)
    if rows.suffix.lower() not in SUFFIXES:
        raise DataMistake(str(rows), "its ending does not tell its format", f"known are {', '.join(SUFFIXES)}")
    if not rows.is_file():
        raise DataMistake(str(rows), "no such file", "check the path")
    source = Source(str(rows.absolute()), SUFFIXES[rows.suffix.lower()])
    dataset = Dataset(found.name, "", {rows.stem: source}, (found.name,), file=templates)
    return RenderSource(found.name, dataset, tuple(found.templates))


def write_rendered(source: RenderSource, out: Path | None, truncate_chars: int | None) -> None:
    """One JSON object a line to `out` or stdout; what was left out is counted on stderr."""
    left = Left()
    with _writing(out) as file, bar(f"rendering {source.task}") as advance:
        for line in _lines(source, truncate_chars, left):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            if not left.rendered % 1000:
                advance(left.rendered, None)
    kind = source.dataset.kind
    empty = f"rendered empty {left.empty}" if kind == "rows" else f"{left.empty} left out (each {why_empty(kind)})"
    say(f"rendered {left.rendered}, {empty}, unlabelled rows {left.unlabelled}")


@contextmanager
def _writing(out: Path | None) -> Iterator[TextIO]:
    """The file `out`, which is there only when all of it is; stdout without one."""
    if out is None:
        yield sys.stdout
        return
    if out.is_dir():
        raise DataMistake(str(out), "is a folder", "name a file with --out")
    with writing(out) as part, part.open("w", encoding="utf-8") as file:
        yield file


def check_source(source: RenderSource) -> None:
    """Raise every mistake of the templates on the rows, together; else say what was checked."""
    mistakes = unknown_metrics(source.dataset)
    checked = 0
    for split in _splits(source):
        rows = [row for row, _ in zip(_labelled(source, split, Left()), range(MOST_CHECKED), strict=False)]
        checked += len(rows)
        if source.dataset.kind == "rows":
            mistakes += check_templates([way for way in source.templates if isinstance(way, Template)], rows)
        else:
            mistakes += _reading_mistakes(source.dataset, split, rows)
    raise_all(list({str(mistake): mistake for mistake in mistakes}.values()))
    print(f"{source.task}: {len(source.templates)} templates, {checked} rows, no mistakes")


def _reading_mistakes(dataset: Dataset, split: str, rows: Sequence[Row]) -> Iterator[UserMistake]:
    read = 0
    for row in rows:
        try:
            read += conversation(dataset, row) is not None
        except UserMistake as mistake:
            read += 1
            yield mistake
    if rows and not read:
        what = f"every row of {split} {why_empty(dataset.kind)}, so there is nothing to learn from or to ask"
        yield DataMistake(dataset.splits[split].path, what, "an example needs an answer after its last question")


def _splits(source: RenderSource) -> Iterator[str]:
    """The splits, less the one that holds the rows of the others again."""
    return (split for split in source.dataset.splits if split != ALL)


def _labelled(source: RenderSource, split: str, left: Left) -> Iterator[Row]:
    for row in read_rows(source.dataset, split):
        if is_unlabelled(source.dataset, row):
            left.unlabelled += 1
        else:
            yield row


def _lines(source: RenderSource, truncate_chars: int | None, left: Left) -> Iterator[dict[str, Any]]:
    if source.dataset.kind != "rows":
        yield from _conversations(source, left)
        return
    compiled = [compile_way(way) for way in source.templates]
    for split in _splits(source):
        for row in _labelled(source, split, left):
            for template in compiled:
                line = _line(source.task, template, row, truncate_chars)
                if line is None:
                    left.empty += 1
                else:
                    left.rendered += 1
                    yield line


def _line(
    task: str, template: CompiledTemplate | CompiledInstruction, row: Row, truncate_chars: int | None
) -> dict[str, Any] | None:
    rendered = template.render(row, truncate_chars=truncate_chars)
    if rendered is None:
        return None
    return {
        "task": task,
        "template": template.template.name,
        "split": row.split,
        "row": row.index,
        "prompt": rendered.prompt,
        "completion": rendered.completion,
        "references": list(rendered.references),
        "answer_choices": None if rendered.choices is None else list(rendered.choices),
    }


def _conversations(source: RenderSource, left: Left) -> Iterator[dict[str, Any]]:
    """Rows that are instructions already: the whole conversation stands beside its last question and answer."""
    for split in source.dataset.splits:
        for row in _labelled(source, split, left):
            example = conversation(source.dataset, row)
            if example is None:
                left.empty += 1
                continue
            left.rendered += 1
            yield {
                "task": source.task,
                "template": example.template,
                "split": split,
                "row": row.index,
                "prompt": example.prompt,
                "completion": example.completion,
                "references": list(example.references),
                "answer_choices": None,
                "messages": [{"role": each.role, "content": each.text} for each in example.segments],
            }
