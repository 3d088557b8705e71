"""What there is: tasks, datasets, templates, models and recipes, as records for a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unseen.data.places import shipped_catalog
from unseen.errors import TaskMistake, nearest
from unseen.task.catalog import Catalog, load_catalog

Record = dict[str, Any]


def listing(what: str, catalogs: Sequence[str]) -> list[Record]:
    """Records of everything of kind `what` in the catalogs; `TaskMistake` for an unknown kind."""
    kinds: Mapping[str, Callable[[], list[Record]]] = {
        "tasks": lambda: _tasks(load_catalog(catalogs)),
        "datasets": lambda: _datasets(load_catalog(catalogs)),
        "templates": lambda: _templates(load_catalog(catalogs)),
        "models": _models,
        "recipes": _recipes,
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
            "language": task.dataset.language,
            "catalog": task.dataset.catalog,
        }
        for task in catalog.tasks.values()
    ]
    blank = {"question": "", "templates": 0, "metrics": [], "language": "", "catalog": "data"}
    return there + [{"task": name, **blank, "catalog": f"data ({why})"} for name, why in catalog.missing.items()]


def _datasets(catalog: Catalog) -> list[Record]:
    datasets = {task.dataset.name: task.dataset for task in catalog.tasks.values()}
    return [
        {
            "dataset": dataset.name,
            "cluster": dataset.cluster,
            "splits": list(dataset.splits),
            "origin": list(dataset.origin),
            "language": dataset.language,
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


def _recipes() -> list[Record]:
    from unseen.recipe import load_recipe

    recipes = [(path, load_recipe(path)) for path in sorted((shipped_catalog() / "recipes").glob("*.yaml"))]
    return [
        {"recipe": recipe.name, "seen": list(recipe.seen), "unseen": list(recipe.unseen), "file": str(path)}
        for path, recipe in recipes
    ]
