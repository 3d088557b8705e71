"""Asking a model the questions of tasks, zero- and few-shot, through all their templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from unseen.ask.backend import Advance, Backend, ask
from unseen.ask.cache import AnswerCache
from unseen.ask.question import Answer, Choose, Generate, Question
from unseen.data.dataset import Row
from unseen.errors import TooLong
from unseen.evaluation.exemplars import ExemplarPool, RowsOf, arrangement, exemplar_pool, exemplars_of
from unseen.evaluation.prediction import Asked, Prediction, Side, accepted, predicted
from unseen.evaluation.rows import Allowed, AskedRows, Counts, asked_rows
from unseen.prompt.example import Example
from unseen.prompt.fewshot import with_exemplars
from unseen.recipe import EvaluateSettings
from unseen.task.render import example_of
from unseen.task.rewording import distinct_ways
from unseen.task.task import Task

Ask = Callable[[Backend, Sequence[Question], AnswerCache | None, Advance], list[Answer]]
TOGETHER = 4096  # what they begin with alike is computed once
PARAGRAPH, LINE = "\n\n", "\n"


@dataclass(frozen=True, slots=True)
class Asking:
    """Who is asked, and how.

    `plain` is the backend for GPT-3-style templates (plain format, options without end token); give it for an untuned
    base model, which is then asked those too. `seed` draws the rows; `settings.seeds` draw the exemplars. `ask` is how
    questions reach a backend.
    """

    backend: Backend
    settings: EvaluateSettings
    rows_of: RowsOf
    model: str = "base"
    seed: int = 0
    plain: Backend | None = None
    allowed: Allowed = lambda task, row: True
    cache: AnswerCache | None = None
    progress: Callable[[str], Advance] = lambda task: lambda done, total: None
    ask: Ask = ask


def evaluate(asking: Asking, tasks: Sequence[Task], side: Side, counts: Counts | None = None) -> Iterator[Prediction]:
    """Predictions of every task, template, seed, number of shots and row, task by task.

    Turned-around tasks are for tuning only and are not asked. What is left out is counted by (task, reason) in
    `counts`. Raises `TaskMistake` when a task has too few rows for the shots.
    """
    counts = Counter() if counts is None else counts
    for task in tasks:
        if task.turned:
            counts[task.name, "turned-around tasks"] += 1
        else:
            yield from evaluate_task(asking, task, side, counts)


def evaluate_task(asking: Asking, task: Task, side: Side, counts: Counts) -> Iterator[Prediction]:
    """The predictions of one task: its templates, then its plain ones where a plain backend was given."""
    rows = asked_rows(task, side, asking.settings.rows_of(side), asking.seed, asking.rows_of, asking.allowed, counts)
    if rows is None:
        return
    part = Part(task, side, rows)
    asked = _fitting(asking.backend, _asked(asking, part, counts), counts)
    yield from _predictions(asking, asking.backend, asked, task.name)
    if asking.plain is not None and asking.settings.plain_base and task.plain:
        plainly = Part(replace(task, templates=task.plain, rewordings=()), side, rows, plain=True)
        asked = _fitting(asking.plain, _asked(asking, plainly, counts), counts)
        yield from _predictions(asking, asking.plain, asked, f"{task.name}, plain")


@dataclass(frozen=True, slots=True)
class Part:
    """A task with the rows that it is asked; `plain` says that its templates are GPT-3-style."""

    task: Task
    side: Side
    rows: AskedRows
    plain: bool = False


def _fitting(backend: Backend, asked: Iterable[Asked], counts: Counts) -> Iterator[Asked]:
    """The questions that the backend can fit to its length; the others are counted, as tuning counts such rows."""
    for each in asked:
        try:
            backend.key(each.question)
        except TooLong:
            counts[each.question.example.task, "questions too long to fit"] += 1
        else:
            yield each


def _predictions(asking: Asking, backend: Backend, asked: Iterable[Asked], label: str) -> Iterator[Prediction]:
    """`TOGETHER` questions are rendered and asked at a time, so memory does not grow with a task."""
    remaining, advance, before = iter(asked), asking.progress(label), 0
    while part := list(islice(remaining, TOGETHER)):
        told = _beyond(before, advance)
        answers = asking.ask(backend, [each.question for each in part], asking.cache, told)
        before += len(part)
        for each, answer in zip(part, answers, strict=True):
            yield predicted(each, answer)


def _beyond(before: int, advance: Advance) -> Advance:
    """`advance` for the questions that come after the first `before`."""
    return lambda done, total: advance(before + done, None if total is None else before + total)


def _asked(asking: Asking, part: Part, counts: Counts) -> Iterator[Asked]:
    settings, task = asking.settings, part.task
    arrange = arrangement(settings.balanced, task)
    pool = exemplar_pool(task, part.rows.split, asking.rows_of, arrange)
    rows = _without_exemplars(part, pool, settings, counts)
    ways = _ways(part, settings.templates, rows, counts)
    for seed, shots in draws_of(settings):
        for template in ways:
            shared = pool.rendered(template, shots, seed) if settings.exemplars == "task" else ()
            for row in rows:
                example = _example(task, template, row, counts)
                if example is None:
                    continue
                candidates = shared if settings.exemplars == "task" else pool.rendered(template, shots, seed, row)
                question = _question(settings, part, example, exemplars_of(example, candidates, shots, arrange))
                yield Asked(question, part.side, asking.model, shots, seed, task.metrics, part.plain)


def _ways(part: Part, most: int | None, rows: Sequence[Row], counts: Counts) -> list[int]:
    """The ways to ask, those left out that ask every row as an earlier one does."""
    ways = range(len(part.task.templates))[:most]
    kept = distinct_ways(part.task, ways, rows)
    counts[part.task.name, "templates that ask as another one, their words gone"] += len(ways) - len(kept)
    return kept


def draws_of(settings: EvaluateSettings) -> list[tuple[int, int]]:
    """(seed, shots) in the order asked; without exemplars there is nothing to draw, so zero-shot is asked once."""
    return [(seed, shots) for seed in settings.seeds for shots in settings.shots if shots or seed == settings.seeds[0]]


def _without_exemplars(part: Part, pool: ExemplarPool, settings: EvaluateSettings, counts: Counts) -> list[Row]:
    """The rows that no fixed exemplar is taken from: all, unless exemplars come from the split that is asked."""
    if pool.split != part.rows.split or settings.exemplars == "row":
        return list(part.rows.rows)
    most = max(settings.shots)
    shown = {row.index for seed in settings.seeds for row in pool.draw(most, seed)[:most]}
    kept = [row for row in part.rows.rows if row.index not in shown]
    counts[part.task.name, "rows that are exemplars"] += len(part.rows.rows) - len(kept)
    return kept


def _example(task: Task, template: int, row: Row, counts: Counts) -> Example | None:
    example = example_of(task, template, row)
    if example is None:
        counts[task.name, "empty renderings"] += 1
    elif not accepted(example):
        counts[task.name, "questions without a right answer"] += 1
    else:
        return example
    return None


def _question(settings: EvaluateSettings, part: Part, example: Example, exemplars: Sequence[Example]) -> Question:
    asked = with_exemplars(example, exemplars, settings.exemplar_layout) if exemplars else example
    if part.task.kind == "choose" and example.choices:
        return Choose(asked, settings.scoring)
    return Generate(asked, settings.max_new_tokens, stop_strings(exemplars, part.plain))


def stop_strings(exemplars: Sequence[Example], plain: bool) -> tuple[str, ...]:
    """Where a generation ends besides the end token, which an untuned model may never say.

    A plain prompt is answered by a line (GPT-3); after exemplars an answer is a paragraph, unless theirs are more.
    """
    if plain:
        return (LINE,)
    return (PARAGRAPH,) if exemplars and not any(PARAGRAPH in each.completion for each in exemplars) else ()
