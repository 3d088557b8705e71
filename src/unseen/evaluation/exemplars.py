"""Few-shot exemplars: which rows are shown with their answers before a question.

They come from the task's train rows (GPT-3, Brown et al. 2020, section 2.4; from another split where there is no train
split, as GPT-3 did for LAMBADA and Winograd), by a draw that depends on the seed and the task only, or on the row too.
The exemplars of k shots are the first k of those of more shots. A row is never its own exemplar, and neither is one
with the same prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from unseen.data.dataset import Row
from unseen.data.rows import is_unlabelled
from unseen.errors import TaskMistake
from unseen.prompt.example import Example
from unseen.task.render import example_of
from unseen.task.seeds import generator, shuffled
from unseen.task.task import Task
from unseen.task.variants import base_name

RowsOf = Callable[[Task, str], Sequence[Row]]

# More rows than shots are drawn, for those that render empty or ask just what the row asks.
SPARE = 8


@dataclass(frozen=True, slots=True)
class ExemplarPool:
    """The rows of one split of a task that exemplars are drawn from."""

    task: Task
    split: str
    rows: Sequence[Row]

    def draw(self, shots: int, seed: int, row: Row | None = None) -> tuple[Row, ...]:
        """Labelled rows in a seeded order, `SPARE` more than `shots` where there are so many; of one row, or of all."""
        if not shots:
            return ()
        name, count = base_name(self.task.name), len(self.rows)
        if row is None:
            order = iter(generator(seed, "exemplars", name).permutation(count).tolist())
        else:
            order = shuffled(count, generator(seed, "exemplars", name, row.split, row.index))
        return tuple(islice(self._labelled(order), shots + SPARE))

    def rendered(self, template: int, shots: int, seed: int, row: Row | None = None) -> tuple[Example, ...]:
        """The drawn rows that do not render empty, through one template of the task."""
        examples = (example_of(self.task, template, each) for each in self.draw(shots, seed, row))
        return tuple(example for example in examples if example is not None)

    def _labelled(self, order: Iterable[int]) -> Iterator[Row]:
        drawn = (self.rows[place] for place in order)
        return (row for row in drawn if not is_unlabelled(self.task.dataset, row))


def exemplar_pool(task: Task, asked_split: str, rows_of: RowsOf) -> ExemplarPool:
    """Train rows, else those of a split that is not asked, else those of the asked split."""
    others = [split for split in task.dataset.splits if split not in ("train", asked_split)]
    split = next(split for split in ("train", *others, asked_split) if split in task.dataset.splits)
    return ExemplarPool(task, split, rows_of(task, split))


def exemplars_of(example: Example, candidates: Sequence[Example], shots: int) -> tuple[Example, ...]:
    """The first `shots` candidates that are other rows, with another prompt, than `example`.

    Raises `TaskMistake` when there are too few.
    """
    this = (example.split, example.row)
    others = [each for each in candidates if (each.split, each.row) != this and each.prompt != example.prompt]
    if len(others) < shots:
        what = f"has {len(others)} rows that can stand before {example.split}/{example.row}, fewer than {shots} shots"
        raise TaskMistake(example.task, what, "ask with fewer shots")
    return tuple(others[:shots])
