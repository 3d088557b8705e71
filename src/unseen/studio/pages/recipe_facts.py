"""What a recipe comes to by its names alone: what is wrong with it, or the tasks of both sides. No row is read."""

from __future__ import annotations

from unseen.errors import UserMistake
from unseen.recipe import Recipe
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted
from unseen.studio.draft import Draft
from unseen.studio.frame import joined_lines, note
from unseen.studio.pages.browse import dataset_path
from unseen.studio.pages.recipe_form import pointed
from unseen.studio.workspace import Workspace
from unseen.study.selected import Selected, selected_tasks
from unseen.task.catalog import Catalog
from unseen.task.claims import finer, shared_names
from unseen.task.holdout import hold_out
from unseen.task.task import Task

SHOWN, TURNED = 12, 3  # datasets of a side that are named; tasks that are turned around


def facts_of(workspace: Workspace, draft: Draft) -> Markup:
    """Everything that is wrong with the draft, or else that it is sound, and which tasks it names."""
    if draft.recipe is None:
        return pointed(draft)
    try:
        selected = sound_tasks(workspace, draft.recipe)
    except UserMistake as mistake:
        return note("wrong", joined_lines(mistake.lines))
    left = tuple(f"{name} is left out: {why}" for name, why in selected.excluded.items())
    return joined(
        note("good", tag("p", "The recipe is sound.")),
        _side("Tuned on", selected.seen),
        _turned(workspace, draft.recipe, selected),
        _side("Only asked", selected.unseen),
        note("plain", joined_lines(left)) if left else None,
    )


def sound_tasks(workspace: Workspace, recipe: Recipe) -> Selected:
    """The tasks of both sides. Raises what a run of `recipe` would raise before it reads rows: a pattern without a
    task, or what stands on both sides by its name."""
    catalog = workspace.catalog_of(recipe.catalogs)
    selected = selected_tasks(recipe, catalog)
    _refuse_overlap(recipe, catalog, selected)
    return selected


def _refuse_overlap(recipe: Recipe, catalog: Catalog, selected: Selected) -> None:
    """The run's own refusal, which comes before rows are asked for; 0.2 s of its work are spared where names are
    apart."""
    seen = (*selected.seen, *(catalog.turned(selected.seen) if recipe.templates.turned else ()))
    names = shared_names(seen, selected.unseen)
    both = any(names.get(level) for level in finer(recipe.hold_out.level))
    if seen and (both or any(task.turned for task in selected.unseen)):
        hold_out(seen, selected.unseen, recipe.hold_out, lambda task, side: ())


def _turned(workspace: Workspace, recipe: Recipe, selected: Selected) -> Markup | None:
    """The tasks that come in unasked, and where to leave them out."""
    if not recipe.templates.turned:
        return None
    names = [task.name for task in workspace.catalog_of(recipe.catalogs).turned(selected.seen)]
    if not names:
        return None
    listed = joined(*(joined(", " if place else "", tag("code", name)) for place, name in enumerate(names[:TURNED])))
    more = f" and {len(names) - TURNED} more" if len(names) > TURNED else ""
    off = tag("a", "templates.turned: false", href="#at-templates.turned")
    return tag("p", "Also turned around: ", listed, more, "; ", off, " leaves them out.", class_="side")


def _side(name: str, tasks: tuple[Task, ...]) -> Markup:
    datasets = list({task.dataset.task: task.dataset for task in tasks}.values())
    if not datasets:
        return tag("p", tag("b", f"{name}: "), "nothing")
    links = [joined(tag("a", each.task, href=dataset_path(each)), " ") for each in datasets[:SHOWN]]
    more = f"and {len(datasets) - SHOWN} more" if len(datasets) > SHOWN else None
    return tag("p", tag("b", f"{name}, {counted(len(datasets), 'dataset')}: "), *links, more, class_="side")
