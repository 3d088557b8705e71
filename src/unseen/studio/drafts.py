"""A template while it is written: the fields of a form, the mapping that a file holds, and the template they make."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from unseen.data.dataset import Dataset
from unseen.errors import TemplateMistake
from unseen.prompt.template import Template
from unseen.prompt.templates import Described
from unseen.section import check_model

Said = tuple[str, ...] | str | None  # answer choices or references, as a template says them
NOT_WRITTEN = ("where", "dataset")  # what a template knows of its place, no key of a file
TEXTS = ("name", "prompt", "completion", "answer_choices", "references", "metrics", "languages", "separator")
DEFAULTS = {each.name: each.default for each in fields(Template)}


def fields_of(template: Template) -> dict[str, str]:
    """The form's fields for a template: texts as they are, lists as lines, flags as `on` or nothing."""
    return {
        "name": template.name,
        "prompt": template.prompt,
        "completion": template.completion,
        "answer_choices": lines_of(template.answer_choices),
        "references": lines_of(template.references),
        "metrics": ", ".join(template.metrics),
        "languages": ", ".join(template.languages),
        "separator": json.dumps(template.separator, ensure_ascii=False)[1:-1],
        "choices_in_prompt": {None: "", True: "yes", False: "no"}[template.choices_in_prompt],
        "syntax": template.syntax,
        **{flag: "on" if getattr(template, flag) else "" for flag in ("turned", "plain", "original_task")},
    }


def entry_of(values: Mapping[str, str]) -> dict[str, Any]:
    """The mapping that a description holds for a form's fields: without what is as it would be anyhow."""
    text = {name: values.get(name, "").replace("\r\n", "\n") for name in (*TEXTS, "syntax", "choices_in_prompt")}
    said: dict[str, Any] = {
        "name": text["name"].strip(),
        "turned": bool(values.get("turned")),
        "plain": bool(values.get("plain")),
        "original_task": bool(values.get("original_task")),
        "syntax": text["syntax"] or "unseen",
        "prompt": text["prompt"],
        "answer_choices": said_by(text["answer_choices"]),
        "completion": text["completion"],
        "references": said_by(text["references"]),
        "choices_in_prompt": {"yes": True, "no": False}.get(text["choices_in_prompt"]),
        "metrics": _words(text["metrics"]),
        "languages": _words(text["languages"]),
        "separator": _unescaped(text["separator"]),
    }
    kept = {key: value for key, value in said.items() if key in ("name", "prompt") or value != DEFAULTS[key]}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in kept.items()}


def template_of(entry: Mapping[str, Any], dataset: Dataset, where: str = "") -> Template:
    """The template that an entry describes. Raises `TemplateMistake`, all of them together."""
    said = check_model(Described, entry, where, TemplateMistake)
    return Template(**said.model_dump(exclude={"reviewed"}), where=where, dataset=dataset.name)


def entry_of_template(template: Template) -> dict[str, Any]:
    """The mapping that describes a template."""
    said = {key: value for key, value in asdict(template).items() if key not in NOT_WRITTEN}
    return {key: value for key, value in said.items() if key in ("name", "prompt") or value != DEFAULTS[key]}


def lines_of(said: Said) -> str:
    """Answer choices or references as a form shows them: a line each, or the one expression; else as JSON."""
    if said is None:
        return ""
    plain = said if isinstance(said, str) else "\n".join(said)
    return plain if said_by(plain) == said else json.dumps(said, ensure_ascii=False)


def said_by(text: str) -> Said:
    """What lines of a form say: nothing; one expression, or text with `|||`; a list written as JSON; a line each."""
    if not text.strip():
        return None
    if (found := _json(text)) is not None:
        return found
    one = "\n" not in text.strip()
    if "|||" in text or (one and text.lstrip().startswith(("{{", "{%"))):
        return text
    return tuple(text.strip("\n").split("\n"))


def _json(text: str) -> Said:
    """A list of texts, or a text, that is written as JSON; None for anything else."""
    if not text.lstrip().startswith(("[", '"')):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if _is_text(found):
        return str(found)
    if isinstance(found, list) and found and all(map(_is_text, found)):
        return tuple(found)
    return None


def _is_text(said: object) -> bool:
    """Whether it is a text that a file can hold: half of a surrogate pair, which JSON can escape, is none."""
    return isinstance(said, str) and not any("\ud800" <= char <= "\udfff" for char in said)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.replace("\n", ",").split(",") if (word := part.strip()))


def _unescaped(text: str) -> str:
    """`\\n` as a line break: a form's line cannot hold one."""
    if not text:
        return str(DEFAULTS["separator"])
    try:
        found = json.loads(f'"{text}"')
    except ValueError:
        return text
    return str(found) if _is_text(found) else text


def starter(dataset: Dataset, row: Mapping[str, Any], name: str) -> dict[str, str]:
    """A first template that fits the columns of `row`: choosing among the labels where there are any, else writing."""
    labels = dataset.labels
    label = labels.column if labels is not None and labels.column in row else ""
    renamed = set(dataset.columns.values()) - set(dataset.columns)
    names = [each for each in row if each != label and each not in renamed and each.isidentifier()]
    texts = [each for each in names if " " in str(row[each])] or names or ["text"]
    if labels is not None and label:
        shown, completion = texts, f"{{{{ answer_choices[{label}] }}}}"
        asked, choices = f"Which of these fits: {', '.join(labels.words[:8])}?", lines_of(tuple(labels.words))
    else:
        shown, completion = texts[:-1] or texts, f"{{{{ {texts[-1]} }}}}"
        asked, choices = "What should the answer be?", ""
    prompt = "\n".join(f"{{{{ {each} }}}}" for each in shown[:3])
    blank = fields_of(Template(name=name, prompt=f"{prompt}\n\n{asked}", completion=completion))
    return {**blank, "answer_choices": choices}
