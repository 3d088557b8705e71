"""The templates that a dataset's description holds, checked and made into `Template`s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from unseen.data.dataset import Dataset
from unseen.errors import TemplateMistake, UserMistake, nearest, raise_all
from unseen.prompt.template import Template
from unseen.recipe import Section, check_model


class Described(Section):
    """What a template in a YAML file may say."""

    name: str = Field(min_length=1, max_length=200)
    prompt: str = Field(min_length=1)
    completion: str = ""
    answer_choices: tuple[str, ...] | str | None = None
    references: tuple[str, ...] | str | None = None
    syntax: str = Field("unseen", pattern="^(unseen|promptsource)$")
    turned: bool = False
    plain: bool = False
    original_task: bool = True
    choices_in_prompt: bool | None = None
    metrics: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    separator: str = "\n"

    @field_validator("answer_choices", "references", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        """YAML reads `[yes, no]` as booleans; told here, because 'True' as a choice would be a silent surprise."""
        if isinstance(value, list):
            wrong = [each for each in value if isinstance(each, bool) or each is None]
            if wrong:
                raise ValueError(f"{wrong[0]!r} is not text: put quotes around yes, no, true, false and null")
            return [str(each) if isinstance(each, (int, float)) else each for each in value]
        return value

    @field_validator("metrics", "languages", mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


def templates_of(dataset: Dataset) -> tuple[Template, ...]:
    """The templates of a description, in its order.

    Raises `TemplateMistake` (or several together) naming file, template and key; two templates of one name too.
    """
    return described(dataset.templates, str(dataset.file or dataset.name), dataset.name)


def described(mappings: Any, where: str, dataset: str) -> tuple[Template, ...]:
    """`Template`s of raw mappings, as a description or a templates file holds them."""
    if not isinstance(mappings, (list, tuple)):
        raise TemplateMistake(where, "'templates' is not a list", "write '- name: ...' entries")
    templates: list[Template] = []
    mistakes: list[UserMistake] = []
    for number, mapping in enumerate(mappings, 1):
        try:
            templates.append(_template(mapping, where, dataset, number))
        except UserMistake as mistake:
            mistakes += getattr(mistake, "mistakes", (mistake,))
    raise_all(mistakes + list(duplicates(templates, where)))
    return tuple(templates)


def duplicates(templates: list[Template], where: str) -> list[TemplateMistake]:
    """One mistake for every name that a second template has too."""
    names = [template.name for template in templates]
    again = sorted({name for name in names if names.count(name) > 1})
    return [
        TemplateMistake(where, f"{names.count(name)} templates are called '{name}'", "give each its own name")
        for name in again
    ]


def _template(mapping: Any, where: str, dataset: str, number: int) -> Template:
    if not isinstance(mapping, Mapping):
        what = f"template {number} is a {type(mapping).__name__} where a mapping was expected"
        raise TemplateMistake(where, what, "write 'name:', 'prompt:' and 'completion:' under it")
    name = mapping.get("name")
    place = f"{where}, template '{name}'" if isinstance(name, str) else f"{where}, template {number}"
    checked = check_model(Described, mapping, place, TemplateMistake)
    return Template(**checked.model_dump(), where=where, dataset=dataset)


def template_named(templates: tuple[Template, ...], name: str, where: str) -> Template:
    """The template called `name`; raises `TemplateMistake` with the nearest names."""
    for template in templates:
        if template.name == name:
            return template
    raise TemplateMistake(where, f"no template '{name}'", nearest(name, (each.name for each in templates), "templates"))
