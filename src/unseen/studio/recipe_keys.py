"""The keys of a recipe as a form has them: read from the sections of recipe.py, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from unseen.errors import RecipeMistake
from unseen.recipe import Recipe
from unseen.section import Section
from unseen.yamlfile import yaml_value

Kind = Literal["choice", "text", "list", "value", "block"]
BLOCKS = ("tokens", "instructions", "evaluate.instructions")  # values of several lines
ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Key:
    """`path` is as in `--set`; `default` as a file would spell it, empty where there is none. A `choice` has `options`,
    a `list` is a value a line, a `text` is taken as it stands, anything else is read as YAML."""

    path: str
    help: str
    default: str
    kind: Kind
    options: tuple[str, ...] = ()

    @property
    def section(self) -> str:
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


@cache
def recipe_keys() -> Mapping[str, Key]:
    """Every key by its path, in the order of recipe.py."""
    return {key.path: key for key in _keys(Recipe, "")}


@cache
def section_help() -> Mapping[str, str]:
    """What each section is about."""
    return {"": "The recipe", **{path: field.description or "" for path, field in _sections(Recipe, "")}}


def value_in(values: Mapping[str, Any], path: str) -> Any:
    """The value at `path`, or `ABSENT`."""
    found: Any = values
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return ABSENT
        found = found[part]
    return found


def written(key: Key, value: Any) -> str:
    """`value` as the form shows it; nothing where it is absent."""
    if value is ABSENT:
        return ""
    if key.kind == "list" and isinstance(value, list | tuple) and all(_is_line(each) for each in value):
        return "\n".join(map(str, value))
    if key.kind == "text" and isinstance(value, str) and value.strip():
        return value
    return spelled(value)


def read(key: Key, text: str) -> Any:
    """What the form's `text` says, `ABSENT` for nothing. What is no YAML stays text, which the recipe will refuse."""
    if not text.strip():
        return ABSENT
    if key.kind == "text":
        return text.strip()
    if key.kind == "list" and not text.lstrip().startswith("["):
        return [line.strip() for line in text.splitlines() if line.strip()]
    try:
        return yaml_value(text, key.path, RecipeMistake)
    except RecipeMistake:
        return text


def spelled(value: Any) -> str:
    """A value as one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and value == value.strip() and bool(value) and "\n" not in value


def _keys(model: type[Section], before: str) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        path = f"{before}{name}"
        if (inner := _section_of(field)) is not None:
            yield from _keys(inner, f"{path}.")
        else:
            options = _options(field)
            yield Key(path, field.description or "", _default(field), _kind(path, field, options), options)


def _sections(model: type[Section], before: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if (inner := _section_of(field)) is not None:
            yield f"{before}{name}", field
            yield from _sections(inner, f"{before}{name}.")


def _section_of(field: FieldInfo) -> type[Section] | None:
    """The section that a field is, or may be instead of nothing."""
    forms = [each for each in _forms(field.annotation) if each is not type(None)]
    only = forms[0] if len(forms) == 1 else None
    return only if isinstance(only, type) and not get_args(only) and issubclass(only, Section) else None


def _forms(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _options(field: FieldInfo) -> tuple[str, ...]:
    forms = _forms(field.annotation)
    if bool in forms:
        return ("true", "false")
    if any(each is not type(None) and get_origin(each) is not Literal for each in forms):
        return ()
    return tuple(spelled(option) for each in forms for option in get_args(each))


def _kind(path: str, field: FieldInfo, options: tuple[str, ...]) -> Kind:
    if options:
        return "choice"
    if path in BLOCKS:
        return "block"
    forms = [each for each in _forms(field.annotation) if each is not type(None)]
    if forms == [str]:
        return "text"
    return "list" if forms == [tuple[str, ...]] else "value"


def _default(field: FieldInfo) -> str:
    default = field.get_default()
    if field.is_required() or default is None or default in ("", (), {}):
        return ""
    return spelled(list(default) if isinstance(default, tuple) else default)
