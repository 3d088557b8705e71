"""The recipe behind `unseen evaluate`: a file's, or one made of a model and tasks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unseen.errors import RecipeMistake
from unseen.recipe import Recipe, load_recipe, set_value
from unseen.section import check_model


def asking_recipe(
    path: Path | None,
    model: str | None,
    tasks: Sequence[str],
    shots: Sequence[str | int],
    rows: int | None,
    catalogs: Sequence[str],
    overrides: Sequence[str],
) -> Recipe:
    """The recipe to ask with: that of `path`, each value given beside it taking its place; or, without a file, `model`
    asked `tasks`. Raises `RecipeMistake` when neither a file nor tasks are named."""
    if path is None and not tasks:
        raise RecipeMistake("evaluate", "names neither a recipe nor tasks", "add --tasks 'nli/*', or a recipe file")
    values: dict[str, Any] = load_recipe(path, overrides).canonical() if path else {"name": "evaluate"}
    if path is None:
        for override in overrides:
            set_value(values, override)
    asked: dict[str, Any] = values.setdefault("evaluate", {})
    if tasks:
        values |= {"seen": [], "unseen": list(tasks)}
    if model:
        values["model"] = model
    if catalogs:
        values["catalogs"] = list(catalogs)
    if shots:
        asked["shots"] = [int(each) if str(each).isdecimal() else each for each in shots]
    if rows:
        asked["rows"] = rows
    recipe = check_model(Recipe, values, str(path or "evaluate"), RecipeMistake)
    return recipe.lying_in(path.parent) if path else recipe
