"""Asking a model the questions of tasks, zero- and few-shot, through all their templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from unseen.ask.backend import Advance, Backend, ask
from unseen.ask.cache import AnswerCache
from unseen.ask.question import Choose, Generate, Question
from unseen.data.dataset import Row
from unseen.evaluate.exemplars import ExemplarPool, RowsOf, exemplar_pool, exemplars_of, render_all
from unseen.evaluate.prediction import Asked, Prediction, Side, accepted, predicted
from unseen.evaluate.rows import Allowed, AskedRows, Counts, asked_rows
from unseen.prompt.example import Example
from unseen.prompt.fewshot import with_exemplars
from unseen.recipe import EvaluateSettings
from unseen.task.render import example_of
from unseen.task.task import Task

PARAGRAPH, LINE = "\n\n", "\n"


@dataclass(frozen=True, slots=True)
class Asking:
    """Who is asked, and how.

    `plain` is the backend for GPT-3-style templates (plain format, options without end token); give it for an untuned
    base model, which is then asked those too. `seed` draws the rows; `settings.seeds` draw the exemplars.
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
    rows = asked_rows(task, side, asking.settings.rows, asking.seed, asking.rows_of, asking.allowed, counts)
    if rows is None:
        return
    yield from _predictions(asking, asking.backend, list(_asked(asking, task, side, rows, False, counts)), task.name)
    if asking.plain is not None and asking.settings.plain_base and task.plain:
        plainly = replace(task, templates=task.plain)
        questions = list(_asked(asking, plainly, side, rows, True, counts))
        yield from _predictions(asking, asking.plain, questions, f"{task.name}, plain")


def _predictions(asking: Asking, backend: Backend, asked: Sequence[Asked], label: str) -> Iterator[Prediction]:
    answers = ask(backend, [each.question for each in asked], asking.cache, asking.progress(label))
    for each, answer in zip(asked, answers, strict=True):
        yield predicted(each, answer)


def _asked(asking: Asking, task: Task, side: Side, rows: AskedRows, plain: bool, counts: Counts) -> Iterator[Asked]:
    settings = asking.settings
    pool = exemplar_pool(task, rows.split, asking.rows_of)
    fixed = {seed: _fixed(pool, settings, seed) for seed in settings.seeds}
    shown = {(row.split, row.index) for drawn in fixed.values() for row in drawn[: max(settings.shots)]}
    kept = [row for row in rows.rows if (row.split, row.index) not in shown]
    counts[task.name, "rows that are exemplars"] += len(rows.rows) - len(kept)
    for seed, shots in ((seed, shots) for seed in settings.seeds for shots in settings.shots):
        if shots == 0 and seed != settings.seeds[0]:
            continue  # without exemplars there is nothing that the seed draws
        for template in range(len(task.templates))[: settings.templates]:
            candidates = render_all(task, template, fixed[seed]) if shots else ()
            for row in kept:
                if settings.exemplars == "row" and shots:
                    candidates = render_all(task, template, pool.draw(shots, seed, row))
                question = _question(settings, task, template, row, candidates, shots, plain, counts)
                if question is not None:
                    yield Asked(question, side, asking.model, shots, seed, task.metrics, plain)


def _fixed(pool: ExemplarPool, settings: EvaluateSettings, seed: int) -> tuple[Row, ...]:
    """The exemplars that all rows of the task share; none where every row draws its own."""
    return pool.draw(max(settings.shots), seed) if settings.exemplars == "task" else ()


def _question(
    settings: EvaluateSettings,
    task: Task,
    template: int,
    row: Row,
    candidates: Sequence[Example],
    shots: int,
    plain: bool,
    counts: Counts,
) -> Question | None:
    example = example_of(task, template, row)
    if example is None:
        counts[task.name, "empty renderings"] += 1
        return None
    if not accepted(example):
        counts[task.name, "questions without a right answer"] += 1
        return None
    exemplars = exemplars_of(example, candidates, shots)
    whole = with_exemplars(example, exemplars, settings.exemplar_layout) if shots else example
    if task.kind == "choose" and example.choices:
        return Choose(whole, settings.scoring)
    return Generate(whole, settings.max_new_tokens, stop_strings(exemplars, plain))


def stop_strings(exemplars: Sequence[Example], plain: bool) -> tuple[str, ...]:
    """Where a generation ends besides the end token, which an untuned model may never say.

    A plain prompt is answered by a line (GPT-3); after exemplars an answer is a paragraph, unless theirs are more.
    """
    if plain:
        return (LINE,)
    return (PARAGRAPH,) if exemplars and not any(PARAGRAPH in each.completion for each in exemplars) else ()
