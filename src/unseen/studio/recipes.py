"""Recipes that the studio offers, and recipes as one types them."""

from __future__ import annotations

from pathlib import Path

from unseen.data.places import shipped_catalog
from unseen.errors import RecipeMistake
from unseen.recipe import Recipe, beside
from unseen.section import check_model
from unseen.yamlfile import read_yaml_mapping, yaml_mapping

TYPED = "recipe"  # how mistakes call a recipe that is no file
SUFFIXES = (".yaml", ".yml")
FOLDERS = ("recipes", "studies/recipes")  # where one's own recipes lie, from where the studio was started


def shipped_recipe() -> Path:
    return shipped_catalog() / "recipes" / "demo.yaml"


def offered_recipes() -> list[tuple[str, str]]:
    """Path and name of the shipped recipes, and of those in the folders where one's own lie."""
    shipped = [(str(path), f"{path.stem} (shipped)") for path in sorted(shipped_recipe().parent.glob("*.yaml"))]
    own = [path for folder in FOLDERS for path in sorted(Path(folder).glob("*.yaml"))]
    return [*shipped, *((str(path), str(path)) for path in own)]


def recipe_text(path: Path) -> str:
    """The text of a recipe file. Raises `RecipeMistake` for what is no YAML file, too long, or no mapping."""
    if path.suffix not in SUFFIXES:
        raise RecipeMistake(str(path), "is no recipe file", "name a .yaml file")
    read_yaml_mapping(path, RecipeMistake)
    return path.read_text(encoding="utf-8-sig")


def recipe_of(text: str, path: str) -> Recipe:
    """The recipe in `text`; files that it names may lie beside `path`. Raises `RecipeMistake`, a line a mistake."""
    values = yaml_mapping(text, TYPED, RecipeMistake)
    return check_model(Recipe, beside(Path(path), values) if path else values, TYPED, RecipeMistake)
