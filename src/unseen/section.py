"""What our YAML files may say, as pydantic models; and what a file says wrong, one line a mistake."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from unseen.errors import UserMistake, nearest, raise_all
from unseen.names import advice, rule

M = TypeVar("M", bound=BaseModel)
Place = tuple[str | int, ...]  # keys and list indexes that lead to a value of the file

# pydantic's kinds of mistake, in the words of a person who writes YAML
WORDS = {
    "missing": "is missing",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
}
LIMITS = ("gt", "ge", "lt", "le")
NO_NAME = "string_pattern_mismatch"


class Section(BaseModel):
    """A frozen part of a file; unknown keys and numbers that are none are refused. `manual` is its page in docs/."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)
    manual: ClassVar[str] = ""


def check_model(model: type[M], values: Mapping[str, Any], where: str, mistake: type[UserMistake]) -> M:
    """`model` filled with `values`, or every mistake in them, each with its key and a remedy."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        told = _told(error.errors(include_url=False), model, values)
        raise_all([mistake(where, each.what, each.remedy) for each in told])
        raise AssertionError("a validation error without problems") from error


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that cannot be: the keys that lead to it (none: the whole of it), what is wrong, and what to do."""

    place: Place
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


def wrong_values(model: type[BaseModel], values: Mapping[str, Any]) -> list[Wrong]:
    """Everything that keeps `values` from being a `model`, each with its place; nothing where they are one."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        return list(_told(error.errors(include_url=False), model, values))
    return []


def _told(problems: Iterable[Any], model: type[BaseModel], values: Mapping[str, Any]) -> Iterator[Wrong]:
    """Each wrong value. Where several forms are allowed pydantic tells what each of them lacks: those belong together,
    and what is wrong deeper inside explains what is wrong around it."""
    by_place: dict[Place, list[Any]] = {}
    for problem in problems:
        by_place.setdefault(_place(problem, values), []).append(problem)
    around = {place[:length] for place in by_place for length in range(len(place))}
    for place, same in by_place.items():
        if place not in around:
            told = [each for each in same if each["type"] != "too_short"] or same  # a list without its wrong items
            yield Wrong(place, _what(place, told), _remedy(place, told, model))


def _place(problem: Any, values: Any) -> Place:
    """The problem's location without the names of forms that pydantic tried."""
    place: list[str | int] = []
    for part in problem["loc"]:
        if _leads_into(values, part):
            values = values[part]
        elif problem["type"] != "missing" or part != problem["loc"][-1]:
            continue
        place.append(part)
    return tuple(place)


def _leads_into(values: Any, part: str | int) -> bool:
    if isinstance(values, Mapping):
        return part in values
    return isinstance(values, list | tuple) and isinstance(part, int) and part < len(values)


def _what(place: Place, problems: Sequence[Any]) -> str:
    key = ".".join(map(str, place))
    if problems[0]["type"] == "extra_forbidden":
        return f"unknown key '{key}'"
    said = " or ".join(dict.fromkeys(_words(problem) for problem in problems))
    shown = any(problem["type"] not in ("missing", "value_error") for problem in problems)
    return (f"{key}: {said}" if key else said) + (f" (it is {_short(problems[0]['input'])})" if shown else "")


def _words(problem: Any) -> str:
    if problem["type"] == NO_NAME:
        return rule(problem["ctx"]["pattern"])
    if problem["type"] in WORDS:
        limits = {key: int(n) if n == n // 1 else n for key, n in problem.get("ctx", {}).items() if key in LIMITS}
        return WORDS[problem["type"]].format(**{**problem.get("ctx", {}), **limits})
    message: str = problem["msg"]
    return message.removeprefix("Value error, ").replace("Input should", "must")


def _remedy(place: Place, problems: Sequence[Any], model: type[BaseModel]) -> str:
    manual = getattr(model, "manual", "")
    if problems[0]["type"] == NO_NAME:
        return advice(problems[0]["input"], problems[0]["ctx"]["pattern"])
    if problems[0]["type"] != "extra_forbidden":
        return f"see {manual}" if manual and not place else ""
    name, fields = str(place[-1]), _section_at(model, place[:-1]).model_fields
    known = [field.alias or own for own, field in fields.items()]
    homes = [key for key, field in model.model_fields.items() if name in _keys_of(field)]
    return f"it belongs under '{homes[0]}'" if homes and len(place) == 1 else nearest(name, known, "keys here")


def _section_at(model: type[BaseModel], place: Place) -> type[BaseModel]:
    """The section that `place` leads to."""
    for part in place:
        field = model.model_fields.get(str(part))
        model = (field and _inner(field)) or model
    return model


def _keys_of(field: FieldInfo) -> Iterable[str]:
    inner = _inner(field)
    return inner.model_fields if inner else ()


def _inner(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, or holds many of, alone or beside other forms."""
    return next((each for each in _types(field.annotation) if issubclass(each, BaseModel)), None)


def _types(annotation: Any) -> Iterator[type]:
    """The classes in an annotation, however deep."""
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _types(inner)


def _short(value: Any) -> str:
    """A value as a YAML file would spell it."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
