"""Few-shot exemplars: which rows are shown with their answers before a question.

They come from the task's train rows (GPT-3, Brown et al. 2020, section 2.4; from another split where there is no train
split, as GPT-3 did for LAMBADA and Winograd), by a draw that depends on the seed and the task only, or on the row too.
The exemplars of k shots are the first k of those of more shots. A row is never its own exemplar, and neither is one
with the same prompt.

Balanced exemplars take the right answers in turn: each answer once before any comes twice, in the order of the draw. So
their counts differ by at most one, as far as an answer occurs often enough among the `LOOKED_AT` rows drawn first.
"""

from __future__ import annotations

from collections import Counter
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
Arrange = Callable[[Sequence[Example]], list[Example]]

# More rows than shots are drawn, for those that render empty or ask just what the row asks.
SPARE = 8
LOOKED_AT = 256


def as_drawn(examples: Sequence[Example]) -> list[Example]:
    return list(examples)


def in_turn(examples: Sequence[Example]) -> list[Example]:
    """`examples` so that every right answer comes once before any comes twice, else in their order."""
    met: Counter[int | None] = Counter()
    rounds = []
    for each in examples:
        met[each.answer] += 1
        rounds.append(met[each.answer])
    return [examples[place] for place in sorted(range(len(examples)), key=rounds.__getitem__)]


def arrangement(balanced: bool, task: Task) -> Arrange:
    """How exemplars of `task` are chosen from a draw; without answer choices there is nothing to balance."""
    return in_turn if balanced and task.kind == "choose" else as_drawn


@dataclass(frozen=True, slots=True)
class ExemplarPool:
    """The rows of one split of a task that exemplars are drawn from."""

    task: Task
    split: str
    rows: Sequence[Row]
    arrange: Arrange = as_drawn

    def draw(self, shots: int, seed: int, row: Row | None = None) -> tuple[Row, ...]:
        """Labelled rows in a seeded order, `SPARE` more than `shots` where there are so many; of one row, or of all."""
        if not shots:
            return ()
        name, count = base_name(self.task.name), len(self.rows)
        if row is None:
            order = iter(generator(seed, "exemplars", name).permutation(count).tolist())
        else:
            order = shuffled(count, generator(seed, "exemplars", name, row.split, row.index))
        drawn = self._labelled(order)
        if self.arrange is as_drawn:
            return tuple(islice(drawn, shots + SPARE))
        return self._arranged(drawn, shots + SPARE)

    def rendered(self, template: int, shots: int, seed: int, row: Row | None = None) -> tuple[Example, ...]:
        """The drawn rows that do not render empty, through one template of the task."""
        examples = (example_of(self.task, template, each) for each in self.draw(shots, seed, row))
        return tuple(example for example in examples if example is not None)

    def _arranged(self, drawn: Iterator[Row], wanted: int) -> tuple[Row, ...]:
        """The rows in the order in which `arrange` puts what the task's first template asks of them.

        No more rows are looked at than decide about the first `wanted`, and some for those that are left out later.
        """
        rows: dict[int, Row] = {}
        examples: list[Example] = []
        met: Counter[int | None] = Counter()
        for row in islice(drawn, LOOKED_AT):
            example = example_of(self.task, 0, row)
            if example is None:
                continue
            rows[row.index] = row
            examples.append(example)
            met[example.answer] += 1
            answers = len(example.choices or ()) or 1
            wanted_of_each = -(-(wanted + 2 * min(answers, SPARE)) // answers)
            if len(met) >= answers and min(met.values()) >= wanted_of_each:
                break
        return tuple(rows[each.row] for each in self.arrange(examples))

    def _labelled(self, order: Iterable[int]) -> Iterator[Row]:
        drawn = (self.rows[place] for place in order)
        return (row for row in drawn if not is_unlabelled(self.task.dataset, row))


def exemplar_pool(task: Task, asked_split: str, rows_of: RowsOf, arrange: Arrange = as_drawn) -> ExemplarPool:
    """Train rows, else those of a split that is not asked, else those of the asked split."""
    others = [split for split in task.dataset.splits if split not in ("train", asked_split)]
    split = next(split for split in ("train", *others, asked_split) if split in task.dataset.splits)
    return ExemplarPool(task, split, rows_of(task, split), arrange)


def exemplars_of(
    example: Example, candidates: Sequence[Example], shots: int, arrange: Arrange = as_drawn
) -> tuple[Example, ...]:
    """The first `shots` candidates, as `arrange` puts them, that are other rows, with another prompt, than `example`.

    Raises `TaskMistake` when there are too few.
    """
    this = (example.split, example.row)
    others = [each for each in candidates if (each.split, each.row) != this and each.prompt != example.prompt]
    if len(others) < shots:
        what = f"has {len(others)} rows that can stand before {example.split}/{example.row}, fewer than {shots} shots"
        raise TaskMistake(example.task, what, "ask with fewer shots")
    return tuple(arrange(others)[:shots])
