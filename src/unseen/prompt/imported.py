"""Templates of others in the user's catalog: a folder for each source, a file of our own format for each dataset."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from unseen.data.places import user_catalog
from unseen.errors import TemplateMistake, nearest
from unseen.prompt.promptsource_file import read_text
from unseen.prompt.template import Template
from unseen.wholefile import replacing

_NAME = re.compile(r"[\w+-][\w.+-]*(/[\w+-][\w.+-]*)*")
_TEXTS = ("completion", "answer_choices")
_MARKS = ("turned", "plain", "original_task", "choices_in_prompt", "separator")
_LISTS = ("metrics", "languages")


def store_templates(name: str, templates: Sequence[Template], folder: Path) -> None:
    """Write the templates for `name` into `folder`, whole and at once; what was there for this name is replaced."""
    if not _NAME.fullmatch(name):
        raise TemplateMistake(name, "is no name of a dataset", "letters, digits, '_', '-', '+', '.' and '/'")
    path = folder / f"{name}.yaml"
    values = {"dataset": name, "templates": [_mapping(template) for template in templates]}
    with replacing(path) as part:
        part.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110), encoding="utf-8")


def stored_templates(source: str, name: str) -> list[dict[str, Any]] | None:
    """The mappings of the templates of `source` for `name`, as our own format writes them; None without any."""
    path = user_catalog() / source / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        return None
    templates: list[dict[str, Any]] = yaml.safe_load(read_text(path))["templates"]
    return templates


def not_imported(sources: Sequence[str], name: str, where: str, called: str, command: str) -> TemplateMistake:
    """The mistake of naming templates that nobody imported: the nearest names, or the command that imports."""
    folders = [user_catalog() / source for source in sources]
    known = [path.relative_to(f).with_suffix("").as_posix() for f in folders for path in f.rglob("*.yaml")]
    remedy = nearest(name, known, "imported") if known else f"run: {command}"
    return TemplateMistake(where, f"{called} '{name}' is not in the user's catalog", remedy)


def _mapping(template: Template) -> dict[str, Any]:
    """What a file of ours says for `template`; only what is not the default."""
    default = Template(name=template.name, prompt=template.prompt)
    said: dict[str, Any] = {"name": template.name, "syntax": template.syntax, "prompt": template.prompt}
    for key in (*_TEXTS, *_MARKS, *_LISTS):
        value = getattr(template, key)
        if value != getattr(default, key):
            said[key] = list(value) if isinstance(value, tuple) else value
    return said
