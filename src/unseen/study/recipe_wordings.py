"""The wordings of a recipe: those that its task is tuned on, and those that it is asked in, which nothing was tuned on.

A set of wordings belongs to an instruction (`unseen diversify instructions`). Tasks with a template that says this
instruction get its wordings in place of it; all others stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from unseen.diversify.review import check_apart
from unseen.diversify.reworded import says_instruction, templates_of
from unseen.diversify.wording import Wording, WordingSet
from unseen.diversify.wording_file import read_wordings
from unseen.errors import RecipeMistake
from unseen.prompt.template import Template
from unseen.recipe import AskedWording, Recipe
from unseen.task.task import Task


def most_templates(recipe: Recipe) -> int:
    """Through how many templates a task is asked: as many as are tuned on, where the recipe says nothing."""
    return recipe.evaluate.templates or recipe.templates.per_task


@dataclass(frozen=True, slots=True)
class RecipeWordings:
    """Without a set, tasks stay as they are."""

    wordings: WordingSet | None
    asked: tuple[AskedWording, ...] = ()
    most: int | None = None
    of_others: int | None = None

    @classmethod
    def of(cls, recipe: Recipe) -> RecipeWordings:
        """Raises the mistakes of the file, and of its texts those that would change what is measured: a person may have
        edited it since it was made."""
        if recipe.diversity.wordings is None:
            return cls(None)
        place = recipe.place_of(recipe.diversity.wordings)
        wordings = read_wordings(place)
        check_apart(wordings, str(place))
        said = recipe.evaluate
        return cls(wordings, said.wordings, said.templates, None if said.formats else most_templates(recipe))

    def tuned_on(self, tasks: Iterable[Task]) -> tuple[Task, ...]:
        """`tasks` as they are tuned on: in the instruction itself, then in the wordings of the train side."""
        return tuple(self._through(task, ("original", "trained")) for task in tasks)

    def asked_in(self, tasks: Iterable[Task]) -> tuple[Task, ...]:
        """`tasks` as they are asked, in at most so many wordings of each kind; others keep as many templates as they
        are asked through without wordings, since all that is left is asked."""
        return tuple(self._through(task, self.asked, self.most, self.of_others) for task in tasks)

    def check(self, tasks: Iterable[Task], recipe: str) -> None:
        """Raise `RecipeMistake` where there are wordings, and none of `tasks` says their instruction, or none is of a
        kind that is asked."""
        if self.wordings is None:
            return
        if not any(map(self._place, tasks)):
            what = f"no template of its tasks says the instruction of the wordings: '{self.wordings.instruction}'"
            raise RecipeMistake(f"{recipe}: diversity.wordings", what, "write it into a template, once")
        absent = [kind for kind in self.asked if kind != "original" and not self._of_kind(self.wordings, kind)]
        if absent:
            what = f"asks in wordings that the file does not have: {', '.join(absent)}"
            raise RecipeMistake(f"{recipe}: evaluate.wordings", what, "leave them out, or add some to the file")

    def _through(
        self, task: Task, kinds: Iterable[AskedWording], most: int | None = None, of_others: int | None = None
    ) -> Task:
        template = self._place(task)
        if template is None:
            return replace(task, templates=task.templates[:of_others], plain=task.plain[:of_others])
        return replace(task, templates=tuple(way for kind in kinds for way in self._ways(template, kind)[:most]))

    def _ways(self, template: Template, kind: AskedWording) -> tuple[Template, ...]:
        assert self.wordings is not None
        if kind == "original":
            return (replace(template, name="original"),)
        return templates_of(self._of_kind(self.wordings, kind), template, self.wordings.instruction)

    def _of_kind(self, wordings: WordingSet, kind: AskedWording) -> tuple[Wording, ...]:
        if kind == "trained":
            return wordings.of_side("train")
        if kind == "unseen":
            return wordings.of_side("test")
        return wordings.of_kind(kind)

    def _place(self, task: Task) -> Template | None:
        """The template of a task that says the instruction."""
        if self.wordings is None or task.turned:
            return None
        instruction = self.wordings.instruction
        templates = (way for way in task.templates if isinstance(way, Template))
        return next((each for each in templates if says_instruction(each, instruction)), None)
