"""FLAN's patterns in the user's catalog, in our own format, where descriptions can name them.

A dataset's description attaches them with an entry of its `templates`: `- flan: rte`. FLAN says in code which options
a dataset has and which of them is the answer; here the description says it, by its `labels` or in the entry.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from unseen.data.dataset import Labels
from unseen.errors import TemplateMistake, nearest, raise_all
from unseen.prompt.engine import compile_template
from unseen.prompt.flan_file import FIELD, Pattern, read_flan
from unseen.prompt.imported import not_imported, store_templates, stored_templates
from unseen.prompt.template import Template
from unseen.section import Section

FOLDER, PLAIN_FOLDER = "flan", "flan_plain"
ANSWERS = ("answer", "glm_answer")  # fields that hold one of the options
CONSTANTS = ("none", "true", "false", "None", "True", "False")
LISTED = ("options_", "options_str")  # what FLAN writes the options into
OPTIONS = "OPTIONS:\n- {{ answer_choices | join('\\n- ') }}"  # FLAN's preprocessors.format_options


class AttachedFlan(Section):
    """An entry that stands for imported FLAN patterns: all of a dataset, or `only` the named ones.

    `fields` gives Jinja text for fields that are no columns; `answer_choices` the options, as in a template.
    """

    flan: str
    only: tuple[str, ...] = ()
    answer_choices: tuple[str, ...] | str | None = None
    fields: dict[str, str] = Field(default_factory=dict)


def import_flan(place: str | Path, catalog: Path) -> dict[str, Any]:
    """Store every pattern of `place` under `catalog`; a summary with counts. Importing again replaces.

    A pattern that does not compile in the sandbox (a field called `not`) is left out and counted, and so is a plain
    one that is turned around: plain prompts ask an untuned model what the others ask.
    """
    counts: Counter[str] = Counter()
    refused: list[str] = []
    files = read_flan(place)
    for file in files:
        folder = catalog / (PLAIN_FOLDER if file.plain else FOLDER)
        for name, patterns in file.patterns.items():
            kept = []
            for template in _templates(name, patterns, file.plain, file.where):
                if template.plain and (template.turned or not template.original_task):
                    counts["plain_turned"] += 1
                    continue
                try:
                    _check(template)
                except TemplateMistake as mistake:
                    refused.append(str(mistake))
                    continue
                kept.append(template)
                counts[_kind(template)] += 1
            store_templates(name, kept, folder)
            counts["datasets"] += 1
    return {
        "files": len(files),
        **{key: counts[key] for key in ("datasets", "templates", "turned", "not_original", "plain", "plain_turned")},
        "refused": len(refused),
        "why": refused[0] if refused else "",
        "folder": str(catalog / FOLDER),
    }


def _check(template: Template) -> None:
    """Raises `TemplateMistake` for what the sandbox does not take, and for a field that Jinja takes for a constant."""
    compile_template(template)
    for name in CONSTANTS:
        if _column(name) in template.prompt + template.completion:
            raise TemplateMistake(template.where, f"Jinja takes the field '{name}' for a constant", "rename the column")


def _kind(template: Template) -> str:
    if template.plain:
        return "plain"
    return "turned" if template.turned else "templates" if template.original_task else "not_original"


def _templates(name: str, patterns: Sequence[Pattern], plain: bool, where: str) -> Iterator[Template]:
    """One template a pattern, `flan_rte_1` and so on.

    A dataset's usual target is the one that most of its patterns have (the first of them, where several do). A pattern
    with another target is turned around. One that asks for the usual target and shows nothing of what the usual
    patterns show ("Write a sentence in German.") asks for something else than the dataset's task.
    """
    target = Counter(pattern.target for pattern in patterns).most_common(1)[0][0]
    usual = [pattern for pattern in patterns if pattern.target == target]
    fields = Counter(field for pattern in usual for field in pattern.asks_with)
    shown = {field for field, count in fields.items() if 2 * count >= len(usual) and field not in LISTED}
    choosing = any(pattern.asks_with & {*LISTED} for pattern in usual)
    for number, pattern in enumerate(patterns, 1):
        turned = pattern.target != target
        asks = not turned and (not shown or bool(pattern.asks_with & shown))
        yield Template(
            name=f"flan_{name}_plain_{number}" if plain else f"flan_{name}_{number}",
            prompt=_jinja(pattern.input),
            completion=_jinja(pattern.target),
            answer_choices="{{ options }}" if choosing and asks else None,
            choices_in_prompt=True if asks and pattern.asks_with & {*LISTED} else None,
            turned=turned,
            original_task=turned or asks,
            plain=plain,
            separator=" " if plain else "\n",
            where=f"{where}, line {pattern.line}",
            dataset=name,
        )


def _jinja(pattern: str) -> str:
    """`pattern` in Jinja: fields as expressions, every other brace as itself."""
    pieces = FIELD.split(pattern)  # text, field, text, ...
    texts = [piece.replace("{", "{{ '{' }}") for piece in pieces[::2]]
    fields = [OPTIONS if name in LISTED else _column(name) for name in pieces[1::2]]
    return "".join(text + field for text, field in zip(texts, [*fields, ""], strict=True))


def _column(name: str) -> str:
    return f"{{{{ {name} }}}}"


def attached_flan(said: AttachedFlan, labels: Labels | None, where: str) -> list[dict[str, Any]]:
    """The mappings of the templates that an entry attaches, instruction templates first, then the plain ones.

    Where the dataset has labels, their words are the options and the label's word is the answer, unless the entry says
    otherwise. Else the columns `options` (a list) and `answer` are read. Raises `TemplateMistake`.
    """
    asked, plain = (stored_templates(folder, said.flan) for folder in (FOLDER, PLAIN_FOLDER))
    if asked is None and plain is None:
        raise not_imported([FOLDER, PLAIN_FOLDER], said.flan, where, "FLAN's", "unseen import flan CHECKOUT")
    templates = [*(asked or ()), *(plain or ())]
    if said.only:
        templates = [_named(templates, name, where) for name in said.only]
    _refuse_unknown(said, templates, where)
    lists = any("answer_choices" in each for each in asked or ()) or said.answer_choices is not None
    return [_filled(each, said, labels, lists) for each in templates]


def _named(templates: Sequence[Mapping[str, Any]], name: str, where: str) -> dict[str, Any]:
    for each in templates:
        if each["name"] == name:
            return dict(each)
    raise TemplateMistake(where, f"no template '{name}'", nearest(name, (each["name"] for each in templates)))


def _refuse_unknown(said: AttachedFlan, templates: Sequence[Mapping[str, Any]], where: str) -> None:
    """A field that no template has would be silently ignored."""
    texts = "".join(each["prompt"] + each["completion"] for each in templates)
    known = {piece for part in texts.split("{{ ")[1:] if (piece := part.partition(" }}")[0]).isidentifier()}
    raise_all(
        [
            TemplateMistake(where, f"FLAN's '{said.flan}' has no field '{name}'", nearest(name, known, "fields"))
            for name in said.fields
            if name not in known
        ]
    )


def _filled(template: Mapping[str, Any], said: AttachedFlan, labels: Labels | None, lists: bool) -> dict[str, Any]:
    """A stored mapping with its options and its answer; `lists`: the dataset's patterns list options."""
    filled, fields = dict(template), dict(said.fields)
    original = not template.get("turned") and template.get("original_task", True)
    answer = _only_field(template["completion"])
    if original and answer is not None and (lists or (labels and answer in ANSWERS)):
        filled["answer_choices"] = said.answer_choices or _words(labels) or _column(_options_beside(answer))
        if labels:
            fields.setdefault(answer, f"{{{{ answer_choices[{labels.column}] }}}}")
    elif labels and not original:
        word = f"{{{{ {json.dumps(labels.words, ensure_ascii=False)}[{labels.column}] }}}}"
        fields = dict.fromkeys(ANSWERS, word) | fields
    for part in ("prompt", "completion"):
        for name, source in fields.items():
            filled[part] = filled[part].replace(_column(name), source)
    if not original and "answer_choices" in filled["prompt"] + filled["completion"]:
        filled["answer_choices"] = said.answer_choices or _words(labels) or _column("options")
    return filled


def _only_field(completion: str) -> str | None:
    """The field that a completion is nothing but."""
    name = completion.strip().removeprefix("{{ ").removesuffix(" }}")
    return name if name.isidentifier() and _column(name) == completion.strip() else None


def _options_beside(answer: str) -> str:
    return "glm_options" if answer.startswith("glm_") else "options"


def _words(labels: Labels | None) -> tuple[str, ...] | None:
    return tuple(word.replace("{", "{{ '{' }}") for word in labels.words) if labels else None
