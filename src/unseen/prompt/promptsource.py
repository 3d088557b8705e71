"""PromptSource's templates in the user's catalog, in our own format, where descriptions can name them.

A dataset's description attaches them with an entry of its `templates`: `- promptsource: glue/rte`. They keep
PromptSource's syntax, so what they render stays PromptSource's text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unseen.data.pypi import Progress
from unseen.errors import TemplateMistake
from unseen.prompt.engine import compile_template
from unseen.prompt.imported import not_imported, store_templates, stored_templates
from unseen.prompt.promptsource_file import read_promptsource

FOLDER = "promptsource"


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
        store_templates(file.name, kept, catalog / FOLDER)
        stored += len(kept)
    return {
        "files": len(files),
        "templates": stored,
        "refused": len(refused),
        "why": refused[0] if refused else "",
        "folder": str(catalog / FOLDER),
    }


def read_imported(name: str, where: str) -> list[dict[str, Any]]:
    """The mappings of the imported templates for `name` (`dataset/subset`), as our own format writes them."""
    templates = stored_templates(FOLDER, name)
    if templates is None:
        raise not_imported(
            [FOLDER], name, where, "PromptSource's", "unseen import promptsource pypi:promptsource==0.2.3"
        )
    return templates
