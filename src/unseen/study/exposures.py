"""How often a run is tuned on the rows of each task: rows, wordings and exposures of what was really drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from unseen.recipe import DiversitySettings


@dataclass(frozen=True, slots=True)
class Exposures:
    """The examples drawn from a task: of `rows` distinct rows, in `wordings` distinct templates, each row between
    `fewest` and `most` times."""

    examples: int
    rows: int
    wordings: int
    fewest: int
    most: int

    @property
    def repeated(self) -> int:
        """Examples beyond the first of each row."""
        return self.examples - self.rows


def examples_for_one(tasks: int, diversity: DiversitySettings) -> float:
    """How many examples a run draws for one of each of its `tasks`, diverse data, where it has some, not being one of
    those that are counted but one of these `tasks`: with a ratio of 10 and one other task, 11."""
    if not diversity.ratio:
        return tasks
    again = diversity.fraction if diversity.schedule == "stages" else 0.0
    return (tasks - 1) * (1 + diversity.ratio / (1 + again))


def exposures_of(ids: Iterable[str]) -> dict[str, Exposures]:
    """By task, from the ids of examples (`task|template|split/row`)."""
    rows: dict[str, Counter[str]] = {}
    wordings: dict[str, set[str]] = {}
    for id in ids:
        task, _, rest = id.partition("|")
        template, _, row = rest.rpartition("|")
        rows.setdefault(task, Counter())[row] += 1
        wordings.setdefault(task, set()).add(template)
    return {
        task: Exposures(found.total(), len(found), len(wordings[task]), min(found.values()), max(found.values()))
        for task, found in rows.items()
    }
