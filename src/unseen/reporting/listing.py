"""What there is: tasks, datasets, templates, official lists, models, recipes and studies, as records for a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from unseen.errors import TaskMistake, UserMistake, nearest
from unseen.prompt.way import prompt_source
from unseen.task.catalog import Catalog, folder_of, load_catalog
from unseen.task.lists import found_of, groups_of, list_names, list_source
from unseen.task.selection import LIST
from unseen.task.variants import base_name

RECIPES = "recipes"
CHOSEN_FROM = ("tasks", "datasets", "templates")
Record = dict[str, Any]


def listing(what: str, catalogs: Sequence[str], pattern: str | None = None) -> list[Record]:
    """Records of everything of kind `what` in the catalogs; of tasks, datasets and templates those whose task matches
    the glob `pattern`. Raises `TaskMistake` for an unknown kind, and for a pattern without a match."""
    kinds: Mapping[str, Callable[[], list[Record]]] = {
        "tasks": lambda: _tasks(_matching(load_catalog(catalogs), pattern)),
        "datasets": lambda: _datasets(_matching(load_catalog(catalogs), pattern)),
        "templates": lambda: _templates(_matching(load_catalog(catalogs), pattern)),
        "lists": lambda: _lists(load_catalog(catalogs)),
        "models": _models,
        "recipes": lambda: _recipes(catalogs),
        "studies": _studies,
    }
    if what not in kinds:
        raise TaskMistake("list", f"there are no '{what}'", nearest(what, kinds, "kinds"))
    if pattern is not None and what not in CHOSEN_FROM:
        raise TaskMistake("list", f"'{pattern}' cannot choose among {what}", f"it chooses {', '.join(CHOSEN_FROM)}")
    return kinds[what]()


def _matching(catalog: Catalog, pattern: str | None) -> Catalog:
    """What `pattern` matches of a catalog: tasks with their variants, and what is missing."""
    if pattern is None:
        return catalog
    if pattern.startswith(LIST):
        names = {task.name for task in catalog.match([pattern])}
        return replace(catalog, tasks={n: t for n, t in catalog.tasks.items() if base_name(n) in names}, missing={})
    tasks = {name: task for name, task in catalog.tasks.items() if fnmatchcase(base_name(name), pattern)}
    missing = {name: why for name, why in catalog.missing.items() if fnmatchcase(name, pattern)}
    if not tasks and not missing:
        catalog.match([pattern])  # which tells the nearest
    return replace(catalog, tasks=tasks, missing=missing)


def _tasks(catalog: Catalog) -> list[Record]:
    there = [
        {
            "task": task.name,
            "question": task.kind,
            "templates": len(task.templates),
            "metrics": list(task.metrics),
            "category": ", ".join(task.dataset.categories) or task.cluster,
            "language": list(task.dataset.language),
            "catalog": task.dataset.catalog,
        }
        for task in catalog.tasks.values()
    ]
    blank = {"question": "", "templates": 0, "metrics": [], "category": "", "language": [], "catalog": "data"}
    return there + [{"task": name, **blank, "catalog": f"data ({why})"} for name, why in catalog.missing.items()]


def _datasets(catalog: Catalog) -> list[Record]:
    datasets = {task.dataset.name: task.dataset for task in catalog.tasks.values()}
    return [
        {
            "dataset": dataset.name,
            "cluster": dataset.cluster,
            "splits": list(dataset.splits),
            "origin": list(dataset.origin),
            "made of": list(dataset.shares_rows_with),
            "domains": list(dataset.domains),
            "lists": list(dataset.lists),
            "language": list(dataset.language),
            "licence": dataset.licence,
            "catalog": dataset.catalog,
        }
        for dataset in datasets.values()
    ]


def _templates(catalog: Catalog) -> list[Record]:
    return [
        {"task": task.name, "template": each.name, "original_task": each.original_task, "prompt": prompt_source(each)}
        for task in catalog.tasks.values()
        if not task.name.endswith(":generate")
        for each in task.templates
    ]


def _lists(catalog: Catalog) -> list[Record]:
    """The official lists, how many datasets each has and how many of them are in the catalogs."""
    return [_list(name, catalog) for name in list_names(catalog.datasets)]


def _list(name: str, catalog: Catalog) -> Record:
    found = found_of(name, catalog.datasets).as_json()
    counts = {"datasets": found["entries"], "here": found["found"]}
    return {"list": name, **counts, "groups": list(groups_of(name)), "source": list_source(name)}


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


def _studies() -> list[Record]:
    """Those that ship, and those in the folder `studies` where the command runs."""
    from unseen.study.find import study_files

    return [_study(path) for path in study_files()]


def _study(path: Path) -> Record:
    from unseen.study.study_file import load_study

    try:
        study = load_study(path)
    except UserMistake as mistake:  # the others can be listed all the same
        return {"study": path.stem, "question": "", "sizes": [], "file": f"{path} (broken: {mistake.lines[0]})"}
    sizes = dict.fromkeys((*study.said.sizes, "full"))
    return {"study": study.name, "question": study.said.question, "sizes": list(sizes), "file": str(path)}
