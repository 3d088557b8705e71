"""A task asked otherwise than its templates ask: with fewer of their words, or in formats in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unseen.data.dataset import Row
from unseen.errors import TaskMistake
from unseen.prompt.engine import compile_template
from unseen.prompt.example import Example
from unseen.prompt.fields import content_of, lists_marks
from unseen.prompt.formats import MOST_ITEMS, PromptFormat, grammar
from unseen.prompt.layout import Formatted
from unseen.prompt.template import Template
from unseen.prompt.wording import Worded
from unseen.recipe import Wording
from unseen.task.render import example_of
from unseen.task.seeds import generator, shuffled
from unseen.task.task import TURNED, Task
from unseen.task.variants import base_name


def worded(task: Task, wording: Wording) -> Task:
    """`task` with what `wording` leaves of its templates.

    A letter cannot be chosen where nothing says what it stands for. So where some templates' choices are texts of the
    row, those are kept alone; `context`, which shows no choices, needs them. Raises `TaskMistake` where it has none,
    and for rows that are instructions already.
    """
    if wording == "instructions":
        return task
    _refuse_instructions(task, f"with wording: {wording}")
    templates = task.templates
    if task.kind == "choose":
        texts = tuple(each for each in templates if _chooses_texts(each))
        if wording == "context" and not texts:
            what = "cannot be asked with wording: context, since no template's choices are texts of its rows"
            raise TaskMistake(task.name, what, "leave it out, or use wording: none")
        templates = texts or templates
    words = Worded(wording, _shown_name(task))
    return replace(task, templates=templates, rewordings=(words,) * len(templates))


def _refuse_instructions(task: Task, how: str) -> None:
    """Raise `TaskMistake` for rows that are instructions already: what is instruction in them cannot be told."""
    if task.dataset.kind != "rows":
        what = f"cannot be asked {how}, since its rows do not tell their instructions from their texts"
        raise TaskMistake(task.name, what, "leave it out, or ask it as it is")


def _chooses_texts(way: object) -> bool:
    return isinstance(way, Template) and compile_template(way).choices_from_columns


def _shown_name(task: Task) -> str:
    """The dataset's name; a turned-around task says so, as the same name would ask two things."""
    return f"{task.dataset.name} turned around" if task.name.endswith(TURNED) else task.dataset.name


def formatted(task: Task, count: int, seed: int, rows: Sequence[Row]) -> Task:
    """`task` asked in `count` distinct formats of what one of its templates asks, the plain format first.

    `rows` are those that the choice of the template looks at; the formats depend on `seed` and the task's dataset
    alone, and those of a smaller `count` are the first of a larger one's. Raises `TaskMistake` where no template shows
    a column's text on them, or where the grammar has too few formats.
    """
    _refuse_instructions(task, "in formats")
    source, example = _source(task, rows)
    content = content_of(example)
    lists = 1 < len(content.options) <= MOST_ITEMS or any(1 < len(each.texts) <= MOST_ITEMS for each in content.fields)
    drawn = drawn_formats(lists, count, seed, base_name(task.name))
    if len(drawn) < count:
        raise TaskMistake(task.name, f"has {len(drawn)} formats", f"set evaluate.formats to at most {len(drawn)}")
    field = content.fields[0].name
    return replace(
        task,
        templates=(task.templates[source],) * count,
        rewordings=tuple(Formatted(each.name(field), each) for each in drawn),
    )


def drawn_formats(lists: bool, count: int, seed: int, task: str) -> tuple[PromptFormat, ...]:
    """The plain format, then others without replacement; fewer where there are no more."""
    formats = grammar(lists)
    order = shuffled(len(formats) - 1, generator(seed, "formats", task))
    chosen = [0, *(1 + next(order) for _ in range(min(count, len(formats)) - 1))]
    return tuple(formats[place] for place in chosen)


def _source(task: Task, rows: Sequence[Row]) -> tuple[int, Example]:
    """The template whose content is laid out, and what it asks of the first row that it does not render empty.

    First come templates whose choices are texts of the row, then those whose choices are words; letters number a list
    that formats number themselves. Among equals the first that says in a sentence what is to be done.
    """
    found = [(index, example) for index in range(len(task.templates)) if (example := _first(task, index, rows))]
    if not found:
        what = "cannot be asked in formats, since no template shows a column's text"
        raise TaskMistake(task.name, what, "leave it out, or leave evaluate.formats out")
    return min(found, key=lambda each: _rank(task, *each))


def _first(task: Task, template: int, rows: Sequence[Row]) -> Example | None:
    examples = (example_of(task, template, row) for row in rows)
    return next((each for each in examples if each is not None and content_of(each).fields), None)


def _rank(task: Task, template: int, example: Example) -> tuple[int, bool, int]:
    marks = 2 if lists_marks(example) else 0 if _chooses_texts(task.templates[template]) else 1
    return marks, not content_of(example).instruction, template


def distinct_ways(task: Task, ways: Sequence[int], rows: Sequence[Row]) -> list[int]:
    """Those of `ways` that ask some row otherwise than every way before: reworded, two templates may be the same."""
    if not any(isinstance(each, Worded) for each in task.rewordings):
        return list(ways)
    asked: dict[tuple[object, ...], int] = {}
    for way in ways:
        asked.setdefault(tuple(_asks(example_of(task, way, row)) for row in rows), way)
    return list(asked.values())


def _asks(example: Example | None) -> object:
    return None if example is None else (example.segments, example.choices, example.references, example.separator)
