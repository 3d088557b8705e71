"""Tasks that have an instruction, asked through the encodings of a recipe: one way to ask for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from unseen.errors import RecipeMistake, UserMistake, raise_all
from unseen.prompt.encodings import encodings_of
from unseen.prompt.instruction import Encoding, Instructed
from unseen.recipe import Encodings, Recipe
from unseen.task.task import Task


@dataclass(frozen=True, slots=True)
class RecipeEncodings:
    """The encodings that a recipe tunes through, and those that it asks through; none leaves tasks as they are."""

    tuned: tuple[Encoding, ...]
    asked: tuple[Encoding, ...]

    @classmethod
    def of(cls, recipe: Recipe) -> RecipeEncodings:
        """Raises a `RecipeMistake` for each encoding that cannot be, naming the nearest."""
        said = {"instructions": recipe.instructions, "evaluate.instructions": recipe.evaluate.instructions}
        found: list[tuple[Encoding, ...]] = []
        mistakes: list[UserMistake] = []
        for key, encodings in said.items():
            try:
                found.append(_read(encodings, f"{recipe.name}: {key}"))
            except UserMistake as mistake:
                mistakes += getattr(mistake, "mistakes", (mistake,))
        raise_all(mistakes)
        return cls(found[0], found[1] or found[0])

    def check(self, tasks: Sequence[Task], recipe: str) -> None:
        """Raise `RecipeMistake` where encodings are named and none of `tasks` has an instruction."""
        if (self.tuned or self.asked) and not any(map(is_instructed, tasks)):
            what = f"no instruction is there to encode: none of {len(tasks)} tasks has one"
            raise RecipeMistake(f"{recipe}: instructions", what, "leave it out, or name tasks of a collection")


def is_instructed(task: Task) -> bool:
    return any(isinstance(way, Instructed) for way in task.templates)


def through_encodings(tasks: Iterable[Task], encodings: Sequence[Encoding]) -> tuple[Task, ...]:
    """`tasks`, those with an instruction through each of `encodings`; the others, and all without any, as they are."""
    return tuple(_through(task, encodings) for task in tasks)


def _through(task: Task, encodings: Sequence[Encoding]) -> Task:
    instructed = next((way for way in task.templates if isinstance(way, Instructed)), None)
    if instructed is None or not encodings:
        return task
    return replace(task, templates=tuple(replace(instructed, encoding=each) for each in encodings))


def _read(said: Encodings, where: str) -> tuple[Encoding, ...]:
    return encodings_of([each if isinstance(each, str) else each.model_dump() for each in said], where)
