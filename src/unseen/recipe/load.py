"""A recipe from its file, with values that are given beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unseen.errors import RecipeMistake
from unseen.recipe.files import named_files
from unseen.recipe.whole import Recipe
from unseen.section import check_model
from unseen.yamlfile import read_yaml_mapping, yaml_value


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe file; `overrides` are `key.path=value` strings, their values read as YAML.

    Raises `RecipeMistake` (or `Mistakes`, one line each) naming the file, the key and the remedy.
    """
    path = Path(path)
    values = read_yaml_mapping(path, RecipeMistake)
    override_values(values, overrides, path.parent)
    return check_model(Recipe, values, str(path), RecipeMistake).lying_in(path.parent)


def override_values(values: dict[str, Any], overrides: Sequence[str], folder: Path) -> None:
    """Apply each `key.path=value` to recipe values, in place. A file that one names from where the command runs is then
    named from `folder`, in which the recipe lies."""
    for override in overrides:
        set_value(values, override)
    given = {override.partition("=")[0] for override in overrides}
    for key, place, last in named_files(values):
        said = Path(place[last])
        if key in given and not said.is_absolute() and said.exists():
            place[last] = os.path.relpath(said.resolve(), folder.resolve())


def set_value(values: dict[str, Any], override: str) -> None:
    """Apply one `key.path=value` to nested mappings, in place."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeMistake("--set", f"'{override}' is not KEY=VALUE", "write for example --set train.rank=32")
    value = yaml_value(text, f"--set {key}", RecipeMistake)
    *parents, last = key.split(".")
    place: Any = values
    for parent in parents:
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise RecipeMistake("--set", f"'{key}' goes through '{parent}', which is no section", "check the key")
    place[last] = value
