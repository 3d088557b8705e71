"""What of a row counts when two sides are compared: its texts, without labels, ids, numbers and answer choices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from unseen.data.dataset import Row
from unseen.prompt.template import Template
from unseen.prompt.way import COLUMNS
from unseen.task.task import Task
from unseen.task.words import normalised

_ID = re.compile(
    r"[!-~]*[\d_/@:#\\][!-~]*"
)  # one printable ASCII token with a digit or a separator: ids, paths, addresses
_PARSER = ImmutableSandboxedEnvironment()  # reads templates, renders none


@dataclass(frozen=True, slots=True)
class Content:
    """Normalised texts of a row: each `cell` that is text, and the `whole`: cells and choices in sorted order."""

    cells: tuple[str, ...]
    whole: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that the templates of a dataset's tasks read (none: all), and which of them hold answer choices."""

    read: frozenset[str]
    choices: frozenset[str]
    label: str
    label_words: frozenset[str]

    @classmethod
    def of(cls, tasks: Iterable[Task]) -> Columns:
        """What the templates of `tasks`, all over one dataset, show of it. A model never sees the other columns."""
        tasks = tuple(tasks)
        dataset = tasks[0].dataset
        ways = [way for task in tasks for way in (*task.templates, *task.plain)]
        templates = [way for way in ways if isinstance(way, Template)]
        instructed = COLUMNS if len(templates) < len(ways) else frozenset[str]()
        return cls(
            read=instructed | {name for each in templates for name in _variables(each.prompt, *_sources(each))},
            choices=frozenset(name for each in templates for name in _variables(*_listed(each.answer_choices))),
            label=dataset.labels.column if dataset.labels else "",
            label_words=frozenset(map(normalised, dataset.labels.words if dataset.labels else ())),
        )

    def content(self, row: Row) -> Content:
        """The texts of `row`. Where it has no text but numbers or ids, those make its `whole`."""
        shown = {name: value for name, value in row.values.items() if name in self.read} or row.values
        choices = set(self._texts({name: value for name, value in shown.items() if name in self.choices}))
        texts = set(self._texts(shown))
        cells = tuple(sorted(texts - choices))
        whole = " ".join(sorted(texts | choices)) or normalised(" ".join(map(str, _leaves(shown))))
        return Content(cells, whole)

    def _texts(self, values: Mapping[str, Any]) -> Iterator[str]:
        for name, value in values.items():
            if name != self.label:
                yield from (text for leaf in _leaves(value) if (text := self._text(leaf)))

    def _text(self, leaf: Any) -> str:
        """`leaf` normalised, or nothing when it is a number, an id, a label word or has no letter."""
        if not isinstance(leaf, str) or _ID.fullmatch(leaf.strip()):
            return ""
        text = normalised(leaf)
        trivial = text in self.label_words or not any(c.isalpha() for c in text)
        return "" if trivial else text


def _leaves(value: Any) -> Iterator[Any]:
    """The values inside nested lists and mappings, in order."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)
    elif value is not None:
        yield value


def _sources(template: Template) -> tuple[str, ...]:
    return (template.completion, *_listed(template.answer_choices), *_listed(template.references))


def _listed(sources: tuple[str, ...] | str | None) -> tuple[str, ...]:
    return (sources,) if isinstance(sources, str) else sources or ()


def _variables(*sources: str) -> Iterator[str]:
    for source in sources:
        try:
            yield from meta.find_undeclared_variables(_PARSER.parse(source))
        except TemplateSyntaxError:  # told when the template is compiled, with its file and name
            continue
