"""PromptSource's templates in the user's catalog, in our own format, where descriptions can name them.

A dataset's description attaches them with an entry of its `templates`: `- promptsource: glue/rte`. They keep
PromptSource's syntax, so what they render stays PromptSource's text.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

from unseen.data.places import user_catalog
from unseen.data.pypi import Progress
from unseen.errors import TemplateMistake, nearest
from unseen.prompt.engine import compile_template
from unseen.prompt.promptsource_file import TemplateFile, read_promptsource, read_text
from unseen.prompt.template import Template

FOLDER = "promptsource"
_NAME = re.compile(r"[\w+-][\w.+-]*(/[\w+-][\w.+-]*)*")


def import_promptsource(place: str | Path, catalog: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Store every template of `place` under `catalog`; a summary: files, templates, refused ones and why.

    A template that does not compile in the sandbox is left out and counted. Importing again replaces.
    """
    refused: list[str] = []
    stored = 0
    files = read_promptsource(place, progress)
    for file in files:
        kept = []
        for template in file.templates:
            try:
                compile_template(template)
                kept.append(template)
            except TemplateMistake as mistake:
                refused.append(str(mistake))
        _store(TemplateFile(file.name, tuple(kept)), catalog / FOLDER)
        stored += len(kept)
    return {
        "files": len(files),
        "templates": stored,
        "refused": len(refused),
        "why": refused[0] if refused else "",
        "folder": str(catalog / FOLDER),
    }


def imported_file(name: str, where: str) -> Path:
    """The file of the user's catalog that holds PromptSource's templates for `name` (`dataset/subset`)."""
    folder = user_catalog() / FOLDER
    if _NAME.fullmatch(name) and (folder / f"{name}.yaml").is_file():
        return folder / f"{name}.yaml"
    known = [path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml")]
    remedy = nearest(name, known, "imported") if known else "run: unseen import promptsource pypi:promptsource==0.2.3"
    raise TemplateMistake(where, f"PromptSource's '{name}' is not in the user's catalog", remedy)


def read_imported(name: str, where: str) -> list[dict[str, Any]]:
    """The mappings of the imported templates for `name`, as our own format writes them."""
    values = yaml.safe_load(read_text(imported_file(name, where)))
    templates: list[dict[str, Any]] = values["templates"]
    return templates


def _store(file: TemplateFile, folder: Path) -> None:
    if not _NAME.fullmatch(file.name):
        raise TemplateMistake(file.name, "is no name of a dataset", "letters, digits, '_', '-', '+', '.' and '/'")
    path = folder / f"{file.name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {"dataset": file.name, "templates": [_mapping(template) for template in file.templates]}
    part = path.with_suffix(f".part{os.getpid()}")
    part.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110), encoding="utf-8")
    part.replace(path)


def _mapping(template: Template) -> dict[str, Any]:
    """What a file of ours says for `template`; only what is not the default."""
    said: dict[str, Any] = {"name": template.name, "syntax": template.syntax, "prompt": template.prompt}
    if template.answer_choices is not None:
        said["answer_choices"] = template.answer_choices
    if not template.original_task:
        said["original_task"] = False
    if template.choices_in_prompt is not None:
        said["choices_in_prompt"] = template.choices_in_prompt
    return said | {key: list(words) for key in ("metrics", "languages") if (words := getattr(template, key))}
