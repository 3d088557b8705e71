"""Tasks that have an instruction, asked through the encodings of a recipe: one way to ask for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from unseen.prompt.instruction import Encoding, Instructed
from unseen.task.task import Task


def through_encodings(tasks: Iterable[Task], encodings: Sequence[Encoding]) -> tuple[Task, ...]:
    """`tasks`, those with an instruction through each of `encodings`; the others, and all without any, as they are."""
    return tuple(_through(task, encodings) for task in tasks)


def _through(task: Task, encodings: Sequence[Encoding]) -> Task:
    instructed = next((way for way in task.templates if isinstance(way, Instructed)), None)
    if instructed is None or not encodings:
        return task
    return replace(task, templates=tuple(replace(instructed, encoding=each) for each in encodings))
