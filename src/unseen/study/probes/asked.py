"""The examples that a probe asks: rows that nothing was tuned on, each in one wording, the wordings taken in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from unseen.data.dataset import Row
from unseen.evaluation.prediction import Side
from unseen.evaluation.rows import asked_rows
from unseen.prompt.example import Example
from unseen.recipe import AskedWording, Recipe
from unseen.study.prepare import Prepared
from unseen.study.reworded import as_asked
from unseen.task.render import example_of
from unseen.task.task import Task

Counts = Counter[tuple[str, str]]


def to_be_asked(recipe: Recipe, wordings: Sequence[AskedWording] = ()) -> Recipe:
    """The recipe with its seen tasks asked too, in the kinds `wordings` where these are given."""
    kinds = tuple(wordings) or recipe.evaluate.wordings
    return recipe.model_copy(
        update={"evaluate": recipe.evaluate.model_copy(update={"seen": True, "wordings": kinds, "templates": None})}
    )


def asked_examples(
    prepared: Prepared, tasks: Sequence[Task], rows: int, seed: int, counts: Counts, others: Sequence[Prepared] = ()
) -> list[Example]:
    """At most `rows` rows of each of `tasks`, of the splits and rows that neither this recipe nor `others` tuned on;
    `counts` says how many each reason left out."""
    everyone = (prepared, *others)

    def allowed(task: Task, row: Row) -> bool:
        return all(each.is_new(task, row) for each in everyone)

    found: list[Example] = []
    for task in tasks:
        side = side_of(task, everyone)
        asked = as_asked(prepared.recipe, task, side, prepared.rows)
        chosen = asked_rows(asked, side, rows, seed, prepared.rows, allowed, counts)
        ways = len(asked.templates) or 1  # rows that are instructions themselves have no template
        made = [example_of(asked, n % ways, row) for n, row in enumerate(chosen.rows if chosen else ())]
        counts[task.name, "empty renderings"] += made.count(None)
        found += [each for each in made if each is not None]
    return found


def side_of(task: Task, prepared: Sequence[Prepared]) -> Side:
    """Seen where any of them tuned on the task's dataset: its train rows are then never asked."""
    seen = {each.dataset.task for one in prepared for each in one.tuned_on}
    return "seen" if task.dataset.task in seen else "unseen"


def told(counts: Counts) -> dict[str, int]:
    """What was left out, as JSON has it."""
    return {f"{task}: {reason}": number for (task, reason), number in sorted(counts.items()) if number}
