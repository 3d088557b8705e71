"""The dictionary hints of a recipe (DiPMT): a property of how tasks are asked, never of how they are tuned on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from unseen.errors import RecipeMistake
from unseen.evaluation.prediction import Prediction
from unseen.prompt.dictionary import read_dictionary
from unseen.prompt.engine import compile_template
from unseen.prompt.hints import HEADING, Hinted
from unseen.prompt.template import Template
from unseen.recipe import Recipe
from unseen.task.task import Task


@dataclass(frozen=True, slots=True)
class RecipeHints:
    """Without hints, tasks stay as they are."""

    hinted: Hinted | None

    @classmethod
    def of(cls, recipe: Recipe) -> RecipeHints:
        """Raises the mistakes of the dictionary's file."""
        said = recipe.evaluate.hints
        if said is None:
            return cls(None)
        dictionary = read_dictionary(recipe.place_of(said.dictionary))
        return cls(Hinted(dictionary, said.column, said.most, said.senses, said.rare))

    def asked_in(self, tasks: Iterable[Task]) -> tuple[Task, ...]:
        """`tasks` as they are asked: those with a template that shows the column get hints behind it."""
        return tuple(self._hinted(task) for task in tasks)

    def check(self, tasks: Iterable[Task], recipe: str) -> None:
        """Raise `RecipeMistake` where no template of `tasks` shows the column."""
        if self.hinted is not None and not any(self._shows(task) for task in tasks):
            what = f"no template of its tasks shows the column '{self.hinted.column}'"
            raise RecipeMistake(f"{recipe}: evaluate.hints.column", what, "name the column of the text to translate")

    def _hinted(self, task: Task) -> Task:
        if self.hinted is None or not self._shows(task):
            return task
        return replace(task, rewordings=(self.hinted,) * len(task.templates))

    def _shows(self, task: Task) -> bool:
        assert self.hinted is not None
        templates = [way for way in task.templates if isinstance(way, Template)]
        read = (compile_template(each).columns for each in templates)
        return task.dataset.kind == "rows" and any(self.hinted.column in columns for columns in read)


def hints_record(tasks: Sequence[Task], predictions: Iterable[Prediction]) -> Mapping[str, Any]:
    """For the record: the dictionary's digest and size, and of how many prompts that were asked how many have hints.
    Empty without hints."""
    hinted = next((word for task in tasks for word in task.rewordings if isinstance(word, Hinted)), None)
    if hinted is None:
        return {}
    prompts = [each.prompt for each in predictions if not each.plain]
    with_hints = sum(HEADING in prompt for prompt in prompts)
    return {
        "dictionary": hinted.dictionary.digest,
        "words": len(hinted.dictionary.entries),
        "prompts": len(prompts),
        "prompts_with_hints": with_hints,
    }
