"""The examples that buffering is measured on: a recipe's task in one wording and in many, and its diverse data.

Rows in one wording and rows in many are different rows, and the prompts that stand for the general distribution are
diverse chats that nothing here is tuned or measured on and that hold no text of the task. Other diverse chats may, as
contrast pairs do, and several the same: how many of those that are measured do is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unseen.diversify.overlap import TaskTexts
from unseen.encode.encode import encode_many
from unseen.encode.encoded import Encoded
from unseen.errors import DataMistake, RecipeMistake, TooLong
from unseen.prompt.example import Example
from unseen.study.formats import format_for
from unseen.study.prepare import Prepared
from unseen.study.reworded import as_tuned
from unseen.task.render import example_of
from unseen.task.seeds import generator
from unseen.task.task import Task

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

LEAST = 4  # of each set: fewer have no interval worth the name
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BufferedSets:
    """`task` in its one wording and `wordings`, other rows in many; `diverse` chats; `general`, other chats whose
    prompts are asked. `all_task` and `all_diverse` are what is tuned on alone."""

    task: Sequence[Encoded]
    wordings: Sequence[Encoded]
    diverse: Sequence[Encoded]
    general: Sequence[Example]
    all_task: Sequence[Encoded]
    all_diverse: Sequence[Encoded]
    counts: Mapping[str, Any]


def buffered_sets(prepared: Prepared, start: LanguageModel, rows: int, seed: int) -> BufferedSets:
    """At most `rows` examples of each set, drawn by `seed`. Raises `DataMistake` where a set has fewer than four."""
    task, diverse = _reworded_task(prepared), prepared.tuned_on[-1]
    places, chats = _shuffled(prepared, task, seed), _shuffled(prepared, diverse, seed)
    half, asked = min(rows, len(places) // 2), min(rows, len(chats) // 3)
    make = _Making(prepared, start)
    of_task = make.meeting(diverse, chats, task)
    general, others = chats[~of_task][:asked], np.concatenate([chats[~of_task][asked:], chats[of_task]])
    others = others[generator(seed, "probe chats", diverse.name).permutation(len(others))]
    ways = 1 + generator(seed, "probe wordings", task.name).permutation(len(task.templates) - 1)
    in_turn = [int(ways[number % len(ways)]) for number in range(half)]
    one, rest = make.encoded(task, places[:half]), make.encoded(task, places[half:])
    many = make.encoded(task, places[half : 2 * half], in_turn)
    talk, prompts = make.encoded(diverse, others), make.examples(diverse, general)
    found: dict[str, Sequence[Any]] = {"task": one, "wordings": many, "diverse": talk[:rows], "general": prompts}
    for name, each in found.items():
        if len(each) < LEAST:
            what = f"there are {len(each)} examples for the set '{name}', of at least {LEAST}"
            what += " chats that hold no text of the task" if name == "general" else ""
            raise DataMistake("buffering", what, "raise --rows, or give the recipe more rows and more diverse data")
    counts = {name: len(each) for name, each in found.items()}
    counts |= {"task_to_tune_on": len(one) + len(rest), "diverse_to_tune_on": len(talk), "wordings_known": len(ways)}
    counts |= {"diverse_with_text_of_the_task": int(np.isin(others[:rows], chats[of_task]).sum())}
    counts |= {"empty_renderings": make.empty, "too_long": len(make.too_long)}
    return BufferedSets(one, many, talk[:rows], prompts, [*one, *rest], talk, counts)


def _reworded_task(prepared: Prepared) -> Task:
    """The task of the recipe that has wordings; of several, the first."""
    for task in prepared.tuned_on:
        if not task.turned and len(task.templates) > 1 and task.way_names[0] == "original":
            return task
    what = "its wordings have none to tune on"
    raise RecipeMistake(f"{prepared.recipe.name}: diversity.wordings", what, "add some under 'train'")


def _shuffled(prepared: Prepared, task: Task, seed: int) -> Places:
    """The places of the rows that a task is tuned on, in an order of their own."""
    places = prepared.seen_rows.tune[task.name]
    found: Places = places[generator(seed, "probe rows", task.name).permutation(len(places))]
    return found


class _Making:
    """Rows to examples and to tokens; counts what is `empty`, and collects what is `too_long`."""

    def __init__(self, prepared: Prepared, start: LanguageModel) -> None:
        self.prepared, self.start = prepared, start
        self.empty = 0
        self.too_long: list[TooLong] = []

    def examples(self, task: Task, places: Places, ways: Sequence[int] = ()) -> list[Example]:
        """One of each row, through the templates `ways`, the first one where there are none."""
        worded = as_tuned(self.prepared.recipe, task)
        rows = self.prepared.rows(task, "train")
        made = [
            example_of(worded, way, rows[int(place)])
            for place, way in zip(places, ways or [0] * len(places), strict=True)
        ]
        self.empty += made.count(None)
        return [each for each in made if each is not None]

    def meeting(self, diverse: Task, places: Places, task: Task) -> NDArray[np.bool_]:
        """Whether each of the chats holds text of the task's rows: [places]."""
        rows = self.prepared.rows(diverse, "train")
        chats = (example_of(as_tuned(self.prepared.recipe, diverse), 0, rows[int(place)]) for place in places)
        return np.array(
            [each is not None for each in TaskTexts([task]).met([each.prompt if each else "" for each in chats])]
        )

    def encoded(self, task: Task, places: Places, ways: Sequence[int] = ()) -> list[Encoded]:
        recipe = self.prepared.recipe
        limit = min(recipe.train.max_tokens, self.start.context)
        format = format_for(recipe, self.start)
        examples = self.examples(task, places, ways)
        weight = recipe.train.prompt_weight
        return list(encode_many(examples, self.start.tokenizer, format, limit, weight, self.too_long.append))
