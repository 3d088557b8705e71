"""A recipe as a record says it: its values as they were written, and where the files that it names lie from there.

No record says where on its machine a recipe lies, since records go into pages that are published.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unseen.errors import RecipeMistake
from unseen.recipe import Recipe
from unseen.section import check_model
from unseen.study.record import NAME

BESIDE = "beside"


def recipe_record(recipe: Recipe, folder: Path) -> dict[str, Any]:
    """What the record in `folder` says of a recipe; `beside`, the folder of the recipe's own file as one goes there
    from `folder`, stands there where the recipe names files."""
    said: dict[str, Any] = {"recipe": recipe.canonical()}
    return said | {BESIDE: path_from(folder, recipe.beside)} if recipe.files else said


def recorded_recipe(record: Mapping[str, Any], folder: Path) -> Recipe:
    """The recipe that the record in `folder` holds. Raises `RecipeMistake` where this version knows no such recipe."""
    recipe = check_model(Recipe, record["recipe"], str(folder / NAME), RecipeMistake)
    return recipe.lying_in(recorded_place(record, folder))


def recorded_place(record: Mapping[str, Any], folder: Path) -> Path:
    """The folder of the recipe's own file. Versions up to 0.1 wrote it before each file that a recipe names."""
    return (folder / str(record[BESIDE])).resolve() if BESIDE in record else Path()


def path_from(folder: Path, path: Path) -> str:
    """The way to `path` for one who stands in `folder`."""
    return os.path.relpath(path.resolve(), folder.resolve())
