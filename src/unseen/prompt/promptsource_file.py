"""Reads PromptSource's template files: a checkout, its templates folder, one file, or the archive on PyPI.

A file is YAML with two tags of PromptSource's own, which its reader turns into objects and which are plain mappings
here (safe loader). The archive's files are read straight out of the tar: nothing is unpacked and nothing is run.
Bach et al. 2022, "PromptSource: An Integrated Development Environment and Repository for Natural Language Prompts".
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from unseen.data.pypi import Progress, fetch_pypi
from unseen.errors import TemplateMistake, UserMistake, raise_all
from unseen.prompt.template import Template
from unseen.yamlfile import yaml_mapping

# SHA-256 of the source archives that we know; any other version is checked against what the index says.
ARCHIVES = {"0.2.3": "f106c889778a0fe5590e7183904bf964e1a01691c8a29451e44f3df5ddef05f5"}
FILE = "templates.yaml"
_PYPI = re.compile(r"pypi:promptsource==([\w.]+)")
_LARGEST = 1_000_000  # bytes of a template file; the largest of the archive has 90,000
_TAGS = ("!Template", "!TemplateMetadata")


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """The templates of one dataset: `name` is `dataset/subset`, or what the file is called."""

    name: str
    templates: tuple[Template, ...]


def read_promptsource(place: str | Path, progress: Progress | None = None) -> list[TemplateFile]:
    """Every template file of `place`: a checkout, a templates folder, a file, an archive, `pypi:promptsource==0.2.3`.

    Raises `TemplateMistake`, all mistakes of all files together, and `DownloadFailed`.
    """
    files: list[TemplateFile] = []
    mistakes: list[UserMistake] = []
    for where, folder, text in _texts(str(place), progress):
        try:
            files.append(promptsource_file(text, where, folder))
        except UserMistake as mistake:
            mistakes += getattr(mistake, "mistakes", (mistake,))
    raise_all(mistakes)
    if not files:
        raise TemplateMistake(str(place), f"holds no {FILE}", "name a PromptSource checkout or its templates folder")
    return files


def promptsource_file(text: str, where: str, folder: str = "") -> TemplateFile:
    """The templates in `text`; `folder` names the dataset where the file itself does not."""
    values = load_tagged(text, where)
    entries = values.get("templates")
    if not isinstance(entries, Mapping):
        raise TemplateMistake(where, "has no mapping 'templates'", "a PromptSource file maps ids to '!Template'")
    subset = values.get("subset")
    parts = [values.get("dataset") or folder, subset if subset != "None" else None]
    name = "/".join(str(part) for part in parts if part)
    mistakes: list[UserMistake] = []
    templates: list[Template] = []
    for key, entry in entries.items():
        try:
            templates.append(_template(entry, where, name, str(key)))
        except TemplateMistake as mistake:
            mistakes.append(mistake)
    raise_all(mistakes)
    return TemplateFile(name, tuple(templates))


def load_tagged(text: str, where: str) -> dict[str, Any]:
    """The mapping in a YAML text that may hold PromptSource's tags. Raises `TemplateMistake` with the line."""
    return yaml_mapping(text, where, TemplateMistake, _Loader)


def is_promptsource(values: Mapping[str, Any]) -> bool:
    """PromptSource maps ids to templates; our own files list them."""
    return isinstance(values.get("templates"), Mapping)


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which takes PromptSource's two tags for plain mappings."""


def _mapping(loader: yaml.SafeLoader, node: yaml.Node) -> dict[Any, Any]:
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


for _tag in _TAGS:
    _Loader.add_constructor(_tag, _mapping)


def _template(entry: Any, where: str, dataset: str, key: str) -> Template:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("jinja"), str):
        raise TemplateMistake(f"{where}, template {key}", "has no text under 'jinja'", "compare a file of PromptSource")
    metadata = entry.get("metadata")
    known = metadata if isinstance(metadata, Mapping) else {}
    choices = entry.get("answer_choices")
    return Template(
        name=str(entry.get("name") or key),
        prompt=entry["jinja"],
        answer_choices=None if choices is None else str(choices),
        syntax="promptsource",
        original_task=known.get("original_task") is not False,
        choices_in_prompt=known.get("choices_in_prompt"),
        metrics=_words(known.get("metrics")),
        languages=_words(known.get("languages")),
        where=where,
        dataset=dataset,
    )


def _words(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else (str(value),)


def _texts(place: str, progress: Progress | None) -> Iterator[tuple[str, str, str]]:
    """(where, dataset's folder, text) of every template file."""
    if place.startswith("pypi:"):
        asked = _PYPI.fullmatch(place)
        if asked is None:
            raise TemplateMistake("import", f"'{place}' names no release", "write pypi:promptsource==0.2.3")
        version = asked[1]
        archive = fetch_pypi("promptsource", version, ".tar.gz", ARCHIVES.get(version, ""), progress)
        yield from _archive_texts(archive)
        return
    path = Path(place).expanduser()
    if not path.exists():
        raise TemplateMistake(place, "no such file or folder", "check the path")
    if path.is_dir():
        yield from _folder_texts(path)
    elif path.name.endswith((".tar.gz", ".tgz", ".tar")):
        yield from _archive_texts(path)
    else:
        yield str(path), path.stem, read_text(path)


def _folder_texts(path: Path) -> Iterator[tuple[str, str, str]]:
    inner = path / "promptsource" / "templates"
    root = inner if inner.is_dir() else path
    for file in sorted(root.rglob(FILE)):
        yield str(file), file.parent.relative_to(root).as_posix(), read_text(file)


def _archive_texts(path: Path) -> Iterator[tuple[str, str, str]]:
    """Read member by member: a tar's own paths and links are never followed."""
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = PurePosixPath(member.name)
                if member.isreg() and name.name == FILE and "templates" in name.parts and member.size <= _LARGEST:
                    folder = "/".join(name.parts[name.parts.index("templates") + 1 : -1])
                    file = archive.extractfile(member)
                    assert file is not None
                    yield f"{path.name}: {folder}/{FILE}", folder, file.read().decode("utf-8")
    except (tarfile.TarError, EOFError, OSError, UnicodeDecodeError) as error:
        raise TemplateMistake(
            str(path), f"cannot be read as a tar archive ({str(error).partition(':')[0]})", "fetch it again"
        ) from None


def read_text(path: Path) -> str:
    """The text of a template file. Raises `TemplateMistake`."""
    try:
        if path.stat().st_size > _LARGEST:
            raise TemplateMistake(str(path), f"has more than {_LARGEST:,} bytes", "split it")
        return path.read_text(encoding="utf-8-sig")
    except IsADirectoryError:
        raise TemplateMistake(str(path), "is a folder", "name a YAML file") from None
    except FileNotFoundError:
        raise TemplateMistake(str(path), "no such file", "check the path") from None
    except (UnicodeDecodeError, OSError) as error:
        raise TemplateMistake(str(path), f"cannot be read as UTF-8 text ({error})", "save it as UTF-8") from None
