"""A recipe that is being written: its text, its values, and everything that is wrong with it, each at its key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from unseen.errors import RecipeMistake
from unseen.recipe import Recipe, beside
from unseen.section import Place, Section, wrong_values
from unseen.studio.recipe_keys import ABSENT, read, recipe_keys, section_help, value_in, written
from unseen.yamlfile import read_yaml_mapping, yaml_mapping

HEAD = re.compile(r"(?:[ \t]*#[^\n]*\n|[ \t]*\n)*")  # comments that open a file
WIDTH = 110
MOST_TEXT = 100_000  # characters; the longest shipped recipe has 800, and so many take a second to be read


@dataclass(frozen=True, slots=True)
class Draft:
    """`text` is YAML, as it was typed; `values` what it says, empty where it is none. `wrong` has the mistakes by key;
    those that no key of the form has are under ``""``."""

    text: str
    values: Mapping[str, Any]
    wrong: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def recipe(self) -> Recipe | None:
        """The recipe, once nothing is wrong with it."""
        return None if self.wrong else Recipe.model_validate(self.values)

    @property
    def fields(self) -> dict[str, str]:
        """What the form shows, by key."""
        return {path: written(key, value_in(self.values, path)) for path, key in recipe_keys().items()}


def draft_of_text(text: str) -> Draft:
    """The draft that `text` is, however wrong."""
    if len(text) > MOST_TEXT:
        what = f"the recipe: has {len(text):,} characters, over {MOST_TEXT:,}; shorten it"
        return Draft(text[:MOST_TEXT], {}, {"": (what,)})
    try:
        values = yaml_mapping(text, "the recipe", RecipeMistake)
    except RecipeMistake as mistake:
        return Draft(text, {}, {"": mistake.lines})
    return Draft(text, values, _wrong(values))


def draft_of_form(text: str, fields: Mapping[str, str]) -> Draft:
    """The draft that `text` becomes once the keys of the form say `fields`.

    What the form does not know stays, and so do comments at the top; others are lost, as YAML has no place for them.
    """
    before = draft_of_text(text)
    if text.strip() and not before.values:
        return before
    values = deepcopy(dict(before.values))
    for path, key in recipe_keys().items():
        if path in fields and fields[path].replace("\r\n", "\n") != written(key, value_in(values, path)):
            _put(values, path, read(key, fields[path].replace("\r\n", "\n")))
    if values == before.values:
        return before
    head = HEAD.match(text)
    return Draft((head.group() if head else "") + dumped(values), values, _wrong(values))


def draft_of_file(path: Path) -> Draft:
    """The draft that a recipe file is; files that lie beside it are named from here. Raises `RecipeMistake`."""
    said = read_yaml_mapping(path, RecipeMistake)
    found = beside(path.absolute(), said)
    text = path.read_text(encoding="utf-8-sig") if found == said else dumped(found)
    return draft_of_text(text)


def dumped(values: Mapping[str, Any]) -> str:
    """A recipe's values as YAML, in the order of recipe.py, the smallest sections in a line."""
    return yaml.safe_dump(
        _ordered(values, Recipe), sort_keys=False, allow_unicode=True, default_flow_style=None, width=WIDTH
    )


def _ordered(values: Any, model: type[Section]) -> Any:
    known = [name for name in model.model_fields if name in values]
    return {name: values[name] for name in (*known, *(name for name in values if name not in known))}


def _put(values: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at `path`, or take it away; a section that has none left goes too."""
    *parents, last = path.split(".")
    places = [values]
    for parent in parents:
        inner = places[-1].get(parent)
        inner = dict(inner) if isinstance(inner, Mapping) else {}
        places[-1][parent] = inner
        places.append(inner)
    if value is ABSENT:
        places[-1].pop(last, None)
    else:
        places[-1][last] = value
    for place, parent in reversed([*zip(places, parents, strict=False)]):
        if not place[parent]:
            del place[parent]


def _wrong(values: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for each in wrong_values(Recipe, values):
        key = _key_at(each.place)
        found[key] = (*found.get(key, ()), str(each))
    return found


def _key_at(place: Place) -> str:
    """The key, or else the section, of the form that a place lies in."""
    for end in range(len(place), 0, -1):
        path = ".".join(map(str, place[:end]))
        if path in recipe_keys() or path in section_help():
            return path
    return ""
