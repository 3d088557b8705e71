"""Rows to examples: a task's templates applied to its rows, with a count of what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from unseen.data.dataset import Row
from unseen.data.rows import is_unlabelled
from unseen.prompt.conversation import conversation
from unseen.prompt.example import Example, Segment
from unseen.prompt.options import with_options
from unseen.prompt.template import Template
from unseen.prompt.way import compile_way, separator_of
from unseen.task.task import Task


@dataclass(slots=True)
class RenderCounts:
    """What became of the rows: `rendered` examples, `empty` renderings (template x row), `unlabelled` rows."""

    rendered: int = 0
    empty: int = 0
    unlabelled: int = 0


def render(
    task: Task, rows: Iterable[Row], templates: Sequence[int] | None = None, counts: RenderCounts | None = None
) -> Iterator[Example]:
    """Every template (or those at the given indexes) of `task` applied to every row, row by row.

    Rows without a label and empty renderings are left out and added to `counts`.
    """
    counts = RenderCounts() if counts is None else counts
    chosen = range(len(task.templates)) if templates is None else templates
    for row in rows:
        if is_unlabelled(task.dataset, row):
            counts.unlabelled += 1
            continue
        for index in chosen:
            example = example_of(task, index, row)
            if example is None:
                counts.empty += 1
            else:
                counts.rendered += 1
                yield example


def example_of(task: Task, template: int, row: Row) -> Example | None:
    """The template at index `template` of `task` applied to one row; None where it, or its rewording, comes out empty.

    Rows that are already instructions (conversations, Alpaca, prompt with completion) are read as they stand.
    """
    if task.dataset.kind != "rows":
        return conversation(task.dataset, row)
    chosen = task.templates[template]
    rendered = _compiled(chosen).render(row)
    if rendered is None:
        return None
    example = Example(
        task=task.name,
        template=chosen.name,
        split=row.split,
        row=row.index,
        segments=(
            Segment("user", rendered.prompt, 0.0, "template", tuple(rendered.prompt_spans), rendered.exemplars),
            Segment("assistant", rendered.completion, 1.0, "template", tuple(rendered.completion_spans)),
        ),
        choices=None if rendered.choices is None else tuple(rendered.choices),
        answer=rendered.answer,
        references=tuple(rendered.references),
        separator=separator_of(chosen),
    )
    if task.options == "suffix" and isinstance(chosen, Template) and not chosen.plain:
        example = with_options(example, chosen.choices_in_prompt)
    return task.rewordings[template].of(example) if task.rewordings else example


# Compiling a template costs 80 to 160 times what rendering a row does; templates are values, so the cache is exact.
_compiled = lru_cache(maxsize=4096)(compile_way)
