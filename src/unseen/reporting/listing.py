"""What there is: tasks, datasets, templates, models and recipes, as records for a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from unseen.errors import TaskMistake, UserMistake, nearest
from unseen.task.catalog import Catalog, folder_of, load_catalog

RECIPES = "recipes"
Record = dict[str, Any]


def listing(what: str, catalogs: Sequence[str]) -> list[Record]:
    """Records of everything of kind `what` in the catalogs; `TaskMistake` for an unknown kind."""
    kinds: Mapping[str, Callable[[], list[Record]]] = {
        "tasks": lambda: _tasks(load_catalog(catalogs)),
        "datasets": lambda: _datasets(load_catalog(catalogs)),
        "templates": lambda: _templates(load_catalog(catalogs)),
        "models": _models,
        "recipes": lambda: _recipes(catalogs),
    }
    if what not in kinds:
        raise TaskMistake("list", f"there are no '{what}'", nearest(what, kinds, "kinds"))
    return kinds[what]()


def _tasks(catalog: Catalog) -> list[Record]:
    there = [
        {
            "task": task.name,
            "question": task.kind,
            "templates": len(task.templates),
            "metrics": list(task.metrics),
            "language": list(task.dataset.language),
            "catalog": task.dataset.catalog,
        }
        for task in catalog.tasks.values()
    ]
    blank = {"question": "", "templates": 0, "metrics": [], "language": [], "catalog": "data"}
    return there + [{"task": name, **blank, "catalog": f"data ({why})"} for name, why in catalog.missing.items()]


def _datasets(catalog: Catalog) -> list[Record]:
    datasets = {task.dataset.name: task.dataset for task in catalog.tasks.values()}
    return [
        {
            "dataset": dataset.name,
            "cluster": dataset.cluster,
            "splits": list(dataset.splits),
            "origin": list(dataset.origin),
            "language": list(dataset.language),
            "licence": dataset.licence,
            "catalog": dataset.catalog,
        }
        for dataset in datasets.values()
    ]


def _templates(catalog: Catalog) -> list[Record]:
    return [
        {"task": task.name, "template": each.name, "original_task": each.original_task, "prompt": each.prompt}
        for task in catalog.tasks.values()
        if not task.name.endswith(":generate")
        for each in task.templates
    ]


def _models() -> list[Record]:
    from unseen.model.listing import list_models

    return [dict(record) for record in list_models()]


def _recipes(catalogs: Sequence[str]) -> list[Record]:
    """Those in the folder `recipes` of each catalog, and of the folder that the command runs in."""
    folders = [folder / RECIPES for folder in map(folder_of, catalogs)] + [Path(RECIPES)]
    return [_recipe(path) for folder in dict.fromkeys(folders) for path in sorted(folder.glob("*.yaml"))]


def _recipe(path: Path) -> Record:
    from unseen.recipe import load_recipe

    try:
        recipe = load_recipe(path)
    except UserMistake as mistake:  # the others can be listed all the same
        return {"recipe": path.stem, "seen": [], "unseen": [], "file": f"{path} (broken: {mistake.lines[0]})"}
    return {"recipe": recipe.name, "seen": list(recipe.seen), "unseen": list(recipe.unseen), "file": str(path)}
