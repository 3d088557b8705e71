"""Questions out of a task's own rows, asked in wordings that do not ask for the format.

Diverse data on everything else cannot tell a model that its task's inputs and its format are two things: every input
that it was tuned on had an answer in the format, and no other had. These pairs can. They are the rows that are tuned
on, in the `contrast` wordings of a set, which leave the tokens out or forbid them; the answers are the model's own from
before it is tuned. DELIA (Zeng et al. 2024) has no such pairs; docs/decisions.md says what they do here.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

from unseen.ask.chat import Said
from unseen.data.dataset import Row
from unseen.data.rows import open_rows
from unseen.diversify.given import Given
from unseen.diversify.reworded import says_instruction, templates_of
from unseen.diversify.wording import WordingSet
from unseen.errors import TaskMistake, WordingMistake
from unseen.prompt.template import Template
from unseen.task.render import example_of
from unseen.task.seeds import generator
from unseen.task.task import Task

SPLIT = "train"
MOST = 20_000  # questions of a task


@dataclass(frozen=True, slots=True)
class Contrast:
    """Such questions of one task, in their order; `digest` is that of their texts. `empty` renderings were left out,
    and so many were `beyond` the most that a task has."""

    task: str
    questions: tuple[Given, ...]
    digest: str
    empty: int = 0
    beyond: int = 0

    @property
    def left_out(self) -> dict[str, int]:
        return {"empty renderings": self.empty, f"beyond {MOST}": self.beyond}

    @property
    def size(self) -> int | None:
        return len(self.questions)

    def as_json(self) -> dict[str, Any]:
        return {"from": "contrast", "task": self.task, "questions": self.digest}

    def question(self, number: int) -> Given:
        return self.questions[number]

    def read(self, said: Said) -> Said:
        return said


def contrast_questions(task: Task, wordings: WordingSet, seed: int = 0) -> Contrast:
    """Every row of the task's train split in every contrast wording, at most `MOST`: first each row once, in a seeded
    order and each in another wording, then each once more, and so on. Rows that render nothing are left out, counted.

    Raises `WordingMistake` where the set has no contrast wordings, and `TaskMistake` where the task has no rows to tune
    on, or no template that says the instruction.
    """
    template = _place(task, wordings)
    ways = templates_of(wordings.contrast, template, wordings.instruction)
    worded = Task(task.name, task.dataset, ways, task.kind, task.metrics)
    rows = open_rows(task.dataset, SPLIT)
    random = generator(seed, "contrast", task.name)
    order, first = random.permutation(len(rows)).tolist(), random.permutation(len(ways)).tolist()
    drawn = ((row, first[(place + turn) % len(ways)]) for turn in range(len(ways)) for place, row in enumerate(order))
    texts = [_question(worded, way, rows[row]) for row, way in islice(drawn, MOST)]
    found = tuple(Given(text) for text in texts if text)
    digest = sha256("\0".join(each.question for each in found).encode()).hexdigest()
    return Contrast(task.name, found, digest, len(texts) - len(found), len(order) * len(ways) - len(texts))


def _place(task: Task, wordings: WordingSet) -> Template:
    if not wordings.contrast:
        what = "has no wordings under 'contrast:', which do not ask for the tokens"
        raise WordingMistake(wordings.instruction, what, "make some with: unseen diversify instructions --contrast 10")
    if SPLIT not in task.dataset.splits:
        raise TaskMistake(task.name, "has no split 'train' to tune on", "name another task with --task")
    templates = (way for way in task.templates if isinstance(way, Template))
    found = next((each for each in templates if says_instruction(each, wordings.instruction)), None)
    if found is None:
        what = f"has no template that says the instruction: '{wordings.instruction}'"
        raise TaskMistake(task.name, what, "name the task that the wordings belong to with --task")
    return found


def _question(task: Task, way: int, row: Row) -> str | None:
    example = example_of(task, way, row)
    return None if example is None else example.segments[0].text
