"""The two sides that a recipe names: its patterns, its languages, and what the rules of its hold-out leave out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from unseen.errors import HoldOutMistake, UserMistake, raise_all
from unseen.recipe import Recipe
from unseen.task.catalog import Catalog
from unseen.task.lists import Listed
from unseen.task.rules import load_rules
from unseen.task.selection import Selection
from unseen.task.task import Task


@dataclass(frozen=True, slots=True)
class Selected:
    """The tasks of both sides. `lists` are those that patterns name, `other_languages` the tasks that the recipe's
    languages left out, `excluded` the seen tasks that the rules left out, with the reason."""

    seen: tuple[Task, ...]
    unseen: tuple[Task, ...]
    lists: Mapping[str, Listed] = field(default_factory=dict)
    other_languages: tuple[str, ...] = ()
    excluded: Mapping[str, str] = field(default_factory=dict)


def selected_tasks(recipe: Recipe, catalog: Catalog) -> Selected:
    """The tasks of both sides of `recipe`, asked as its `templates.options` says.

    Raises what is wrong with the patterns of both sides together, and `HoldOutMistake` where rules leave no seen task.
    """
    seen, unseen = _sides(recipe, catalog)
    excluded: dict[str, str] = {}
    if recipe.hold_out.rules:
        excluded = load_rules(recipe.hold_out.rules).excluded(seen.tasks, unseen.tasks)
        if seen.tasks and len(excluded) == len(seen.tasks):
            name, why = next(iter(excluded.items()))
            what = f"the rules '{recipe.hold_out.rules}' leave no seen task; {name} for example: {why}"
            raise HoldOutMistake("hold_out", what, "name tasks of other clusters, or leave the rules out")
    return Selected(
        seen=tuple(_asked(task, recipe) for task in seen.tasks if task.name not in excluded),
        unseen=tuple(_asked(task, recipe) for task in unseen.tasks),
        lists={**seen.lists, **unseen.lists},
        other_languages=tuple(dict.fromkeys((*seen.other_languages, *unseen.other_languages))),
        excluded=excluded,
    )


def _sides(recipe: Recipe, catalog: Catalog) -> tuple[Selection, Selection]:
    """What the patterns of both sides name, or what is wrong with either, told together and once."""
    sides: list[Selection] = []
    mistakes: dict[str, UserMistake] = {}
    for patterns in (recipe.seen, recipe.unseen):
        try:
            sides.append(catalog.select(patterns, recipe.languages))
        except UserMistake as mistake:
            mistakes |= {str(each): each for each in getattr(mistake, "mistakes", (mistake,))}
    raise_all([*mistakes.values()])
    seen, unseen = sides
    return seen, unseen


def _asked(task: Task, recipe: Recipe) -> Task:
    return replace(task, options=recipe.templates.options)
