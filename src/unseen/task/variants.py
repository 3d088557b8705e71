"""The tasks that one dataset makes: the original, its turned-around templates, and the original asked by generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unseen.data.dataset import Dataset
from unseen.prompt.template import Template
from unseen.prompt.way import Way
from unseen.task.task import TURNED, Task

# Rows that are already instructions are asked as they stand; this names that one way in lists and counts.
AS_WRITTEN = Template(name="as_written", prompt="")


def base_name(task: str) -> str:
    """`cluster/dataset` of a task's name, whatever its variant: variants share rows, inputs and answers."""
    return task.partition(":")[0]


def counted_tasks(names: Sequence[str]) -> str:
    """How many tasks these are, turned-around ones told apart: '8 tasks, 7 of them also turned around'."""
    own = [name for name in names if not name.endswith(TURNED)]
    turned, noun = len(names) - len(own), "task" if len(own) == 1 else "tasks"
    if not turned:
        return f"{len(own)} {noun}"
    return f"{len(own)} {noun}, {'all' if turned == len(own) > 1 else turned} of them also turned around"


def tasks_of(dataset: Dataset, templates: Sequence[Way]) -> tuple[Task, ...]:
    """`cluster/dataset`, then `:turned` and `:generate` where the dataset has templates for them.

    The original task chooses when any of its templates has answer choices, and then takes those templates only: what
    they leave is asked by `:generate`. Templates that PromptSource marks as not the original task count as turned.
    """
    plain = tuple(template for template in templates if isinstance(template, Template) and template.plain)
    turned = tuple(t for t in templates if not t.plain and (t.turned or not t.original_task))
    original = tuple(t for t in templates if not t.plain and not t.turned and t.original_task)
    if dataset.kind != "rows":
        return (Task(dataset.task, dataset, (AS_WRITTEN,), "generate", dataset.metrics or ("rouge_l",)),)
    tasks = _original(dataset, original, plain) if original else ()
    if turned:
        tasks += (Task(f"{dataset.task}{TURNED}", dataset, turned, "generate", ("rouge_l",)),)
    return tasks


def _original(dataset: Dataset, templates: tuple[Way, ...], plain: tuple[Template, ...]) -> tuple[Task, ...]:
    choosing = tuple(template for template in templates if template.answer_choices)
    if not choosing:
        return (Task(dataset.task, dataset, templates, "generate", dataset.metrics or ("rouge_l",), plain),)
    choose = Task(dataset.task, dataset, choosing, "choose", dataset.metrics or ("accuracy",), plain)
    metrics = ("exact_match", "rouge_l")  # the options are short and known, so saying one exactly is what counts
    return choose, replace(
        choose, name=f"{dataset.task}:generate", templates=templates, kind="generate", metrics=metrics
    )
