"""One setting of a study: recipe values with a name; and how values are changed by overrides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

from unseen.errors import RecipeMistake
from unseen.task.catalog import Catalog

Values = dict[str, Any]
Work = Literal["tune", "ask"]
OpenCatalog = Callable[[Sequence[str]], Catalog]


@dataclass(frozen=True, slots=True)
class Setting:
    """`values` of a recipe, the `name` that tells them from others, and what they are about: facts for axes and tables,
    such as `{"tasks": 4}`. `work`: tuned, or only asked."""

    name: str
    values: Values
    about: Mapping[str, Any] = field(default_factory=dict)
    work: Work = "tune"


def merged(values: Mapping[str, Any], changes: Mapping[str, Any], where: str) -> Values:
    """`values` with `changes`, which name a value by its key or by `key.path`; mappings are merged, all else is
    replaced. Raises `RecipeMistake` for a path through something that is no section."""
    result = deepcopy(dict(values))
    for path, value in changes.items():
        *parents, last = str(path).split(".")
        place = result
        for parent in parents:
            if place.get(parent) is None:
                place[parent] = {}
            place = place[parent]
            if not isinstance(place, dict):
                what = f"'{path}' goes through '{parent}', which is no section"
                raise RecipeMistake(where, what, "check the key")
        old = place.get(last)
        if isinstance(old, dict) and isinstance(value, dict):
            place[last] = merged(old, value, where)
        else:
            place[last] = deepcopy(value)
    return result


def value_at(values: Mapping[str, Any], path: str) -> Any:
    """The value at `key.path`; None where there is none."""
    place: Any = values
    for key in path.split("."):
        place = place.get(key) if isinstance(place, dict) else None
    return place
