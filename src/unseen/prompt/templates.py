"""The templates that a dataset's description or a file of templates holds, checked and made into `Template`s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Date
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from unseen.data.dataset import Dataset, Labels
from unseen.errors import TemplateMistake, UserMistake, nearest, raise_all
from unseen.prompt.conversation import as_written
from unseen.prompt.flan import AttachedFlan, attached_flan
from unseen.prompt.limits import LimitReached, Meter, measure
from unseen.prompt.promptsource import read_imported
from unseen.prompt.promptsource_file import TemplateFile, is_promptsource, load_tagged, promptsource_file, read_text
from unseen.prompt.template import Template
from unseen.section import Section, check_model


class Reviewed(Section):
    """Who looked at a template, and when: for readers of the file, without effect."""

    by: str = Field(min_length=1, max_length=200)
    date: Date


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
    reviewed: Reviewed | None = None

    @field_validator("answer_choices", "references", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        """YAML reads `[yes, no]` as truth values: 'True' as a choice would be a silent surprise."""
        if not isinstance(value, list):
            return value
        wrong = [each for each in value if isinstance(each, bool) or each is None]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is not text: put quotes around yes, no, true, false and null")
        return [str(each) if isinstance(each, (int, float)) else each for each in value]

    @field_validator("metrics", "languages", mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class Attached(Section):
    """An entry that stands for imported PromptSource templates: all of a dataset/subset, or `only` the named ones."""

    promptsource: str
    only: tuple[str, ...] = ()


def templates_of(dataset: Dataset) -> tuple[Template, ...]:
    """The templates of a description, in its order; none for rows that are instructions already.

    Raises `TemplateMistake` (or several together) naming file, template and key; two templates of one name too.
    """
    if dataset.kind != "rows":
        as_written(dataset)
        return ()
    return _described(dataset.templates, str(dataset.file or dataset.name), dataset.name, dataset.labels)


def load_templates(path: str | Path) -> TemplateFile:
    """A file of ours (`templates:` is a list; a whole description will do) or a PromptSource templates.yaml.

    Raises `TemplateMistake`, all mistakes of the file together.
    """
    path = Path(path)
    text, where = read_text(path), str(path)
    values = load_tagged(text, where)
    if is_promptsource(values):
        return promptsource_file(text, where, path.stem)
    unknown = [key for key in values if key not in ("dataset", "subset", "templates")]
    if unknown and "source" not in values:
        known = nearest(str(unknown[0]), ("dataset", "subset", "templates"), "keys here")
        raise TemplateMistake(where, f"unknown key '{unknown[0]}'", known)
    name = "/".join(str(values[key]) for key in ("dataset", "subset") if values.get(key)) or path.stem
    templates = _described(values.get("templates"), where, name)
    if not templates:
        raise TemplateMistake(where, "holds no template", "write '- name: ...' entries under 'templates:'")
    return TemplateFile(name, templates)


def duplicates(templates: Sequence[Template], where: str) -> list[TemplateMistake]:
    """One mistake for every name that a second template has too."""
    names = [template.name for template in templates]
    again = sorted({name for name in names if names.count(name) > 1})
    return [
        TemplateMistake(where, f"{names.count(name)} templates are called '{name}'", "give each its own name")
        for name in again
    ]


def template_named(templates: Sequence[Template], name: str, where: str) -> Template:
    """The template called `name`. Raises `TemplateMistake` with the nearest names."""
    for template in templates:
        if template.name == name:
            return template
    raise TemplateMistake(where, f"no template '{name}'", nearest(name, (each.name for each in templates), "templates"))


def _described(mappings: Any, where: str, dataset: str, labels: Labels | None = None) -> tuple[Template, ...]:
    if not isinstance(mappings, (list, tuple)):
        raise TemplateMistake(where, "'templates' is no list", "write '- name: ...' entries under it")
    templates: list[Template] = []
    mistakes: list[UserMistake] = []
    for number, mapping in enumerate(mappings, 1):
        try:
            templates += _entry(mapping, where, dataset, number, labels)
        except UserMistake as mistake:
            mistakes += getattr(mistake, "mistakes", (mistake,))
    raise_all([*mistakes, *duplicates(templates, where)])
    return tuple(templates)


def _entry(mapping: Any, where: str, dataset: str, number: int, labels: Labels | None) -> Iterable[Template]:
    """The template that an entry describes, or the imported ones that it attaches."""
    if not isinstance(mapping, Mapping):
        what = f"template {number} is a {type(mapping).__name__} where a mapping was expected"
        raise TemplateMistake(where, what, "write 'name:', 'prompt:' and 'completion:' under it")
    name = mapping.get("name")
    place = f"{where}, template '{name}'" if isinstance(name, str) else f"{where}, template {number}"
    _refuse_huge(mapping, place)
    if "flan" in mapping:
        said = check_model(AttachedFlan, mapping, f"{where}, template {number}", TemplateMistake)
        for each in attached_flan(said, labels, where):
            yield _template(each, f"{where}, {each['name']}", where, dataset)
        return
    if "promptsource" not in mapping:
        yield _template(mapping, place, where, dataset)
        return
    attached = check_model(Attached, mapping, f"{where}, template {number}", TemplateMistake)
    imported = [
        _template(each, f"{where}, {attached.promptsource}", where, dataset)
        for each in read_imported(attached.promptsource, where)
    ]
    yield from imported if not attached.only else [template_named(imported, n, where) for n in attached.only]


def _template(mapping: Mapping[str, Any], place: str, where: str, dataset: str) -> Template:
    said = check_model(Described, mapping, place, TemplateMistake)
    return Template(**said.model_dump(exclude={"reviewed"}), where=where, dataset=dataset)


def _refuse_huge(mapping: Mapping[str, Any], place: str) -> None:
    """Aliases of aliases make a small YAML file exponentially large, which checking and messages would walk."""
    try:
        measure(dict(mapping), Meter())
    except LimitReached as reached:
        raise TemplateMistake(place, str(reached), "look for aliases (*name) within aliases") from None
