"""A file that adds templates to a dataset which another file describes: `extends: cluster/dataset`, `templates: [...]`.

So a reader of the shipped catalog can write templates of his own without a copy of what he did not write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from unseen.data.description_file import NAME
from unseen.errors import DataMistake
from unseen.section import Section, check_model

EXTENDS = "extends"


class ExtensionFile(Section):
    """What such a file may say."""

    manual: ClassVar[str] = "docs/data.md"

    extends: str = Field(pattern=f"{NAME[:-1]}/{NAME[1:]}")
    about: str = ""
    templates: tuple[dict[str, Any], ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Extension:
    """Templates, as raw mappings, for the dataset whose task is called `task`; `file` is where they stand."""

    task: str
    templates: tuple[Mapping[str, Any], ...]
    file: Path


def is_extension(values: Mapping[str, Any]) -> bool:
    return EXTENDS in values


def extension(values: Mapping[str, Any], file: Path) -> Extension:
    """What the values of an extension's file say. Raises `DataMistake`, or all of them together."""
    said = check_model(ExtensionFile, values, str(file), DataMistake)
    return Extension(said.extends, said.templates, file)
