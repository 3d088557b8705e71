"""Templates saved into the user's catalog, renamed and taken out of it: never over what the user did not write.

A template of a dataset that the user's own catalog describes stands in that description. Every other dataset's goes
into a file of the user's that extends the dataset (`data/extension.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from unseen.data.dataset import Dataset
from unseen.data.extension import EXTENDS
from unseen.data.list_edit import with_list
from unseen.errors import DataMistake, TemplateMistake
from unseen.prompt.engine import compile_template
from unseen.prompt.template import Template
from unseen.studio.drafts import template_of
from unseen.studio.history import History, text_of
from unseen.studio.workspace import Workspace
from unseen.yamlfile import yaml_mapping

Entry = Mapping[str, Any]
TEMPLATES = "templates"
LONGEST_NAME = 200  # characters of a template's name, as descriptions may hold


@dataclass(frozen=True, slots=True)
class Place:
    """The file that holds a dataset's templates which the user may change: its `text` (None: not there yet), and the
    `entries` in it. `extends` says that the dataset itself is described elsewhere."""

    file: Path
    extends: bool
    text: str | None
    entries: tuple[Entry, ...]

    def holds(self, name: str) -> bool:
        return any(each.get("name") == name for each in self.entries)


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved, where, and how many comments of the file went with what it replaced."""

    template: str
    file: Path
    comments_lost: int


def history(workspace: Workspace) -> History:
    """The steps over the user's catalog; one object for all requests, since it takes one step at a time."""
    folder = workspace.own_catalog
    kept: History = workspace.kept(("history", folder), None, lambda: History(folder))
    return kept


def place_of(workspace: Workspace, dataset: Dataset) -> Place:
    """Where templates of `dataset` are saved. Raises `DataMistake` for a file of the user's that cannot be read."""
    folder = workspace.own_catalog
    own = dataset.file
    if own is not None and own.absolute().parent == folder.absolute():
        place = _place(workspace, own)
        if not place.extends:
            return place
    for file in sorted(folder.glob("*.yaml")):
        if workspace.extended_by(file) == dataset.task:
            return _place(workspace, file)
    return Place(_free(folder, f"{dataset.name}_templates"), True, None, ())


def _place(workspace: Workspace, file: Path) -> Place:
    place: Place = workspace.kept_of("place", file, lambda: _read_place(file))
    return place


def _read_place(file: Path) -> Place:
    text = text_of(file)
    values = yaml_mapping(text or "", str(file), DataMistake)
    entries = values.get(TEMPLATES) or ()
    held = tuple(each for each in entries if isinstance(each, Mapping))
    return Place(file, "dataset" not in values, text, held)


def _free(folder: Path, stem: str) -> Path:
    names = [stem, *(f"{stem}_{number}" for number in range(2, 1000))]
    return next(folder / f"{name}.yaml" for name in names if not (folder / f"{name}.yaml").exists())


def free_name(name: str, taken: Sequence[str]) -> str:
    """`name`, or `name_2` and so on where it is taken."""
    stem, number = name, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    return name


def save(workspace: Workspace, dataset: Dataset, entry: Entry, replaces: str, reviewer: str = "") -> Saved:
    """Save a template in the place of the user's own one called `replaces`, else behind the others.

    Raises `TemplateMistake` for one that does not compile and for a name that another template has.
    """
    if dataset.kind != "rows" or dataset.instruction is not None:
        raise TemplateMistake(dataset.task, "is asked by instructions of its own", "write templates for other datasets")
    place = place_of(workspace, dataset)
    _check_name(str(entry["name"]), "" if not place.holds(replaces) else replaces, template_names(workspace, dataset))
    template = template_of(entry, dataset)
    compile_template(template)
    entry = {**entry, "reviewed": {"by": reviewer, "date": date.today()}} if reviewer else dict(entry)
    entries = [entry if each.get("name") == replaces else each for each in place.entries]
    if not place.holds(replaces):
        entries.append(entry)
    lost = _write(workspace, dataset, place, entries, f"template '{template.name}' of {dataset.task}")
    return Saved(template.name, place.file, lost)


def take_out(workspace: Workspace, dataset: Dataset, name: str) -> Saved:
    """Take one of the user's own templates out of its file; a file that extends a dataset goes with its last one.

    Raises `TemplateMistake` for one that is not the user's, and for the only one of a dataset of the user's.
    """
    place = place_of(workspace, dataset)
    if not place.holds(name):
        raise TemplateMistake(name, "is not in your catalog, and so cannot be deleted", "only your own are changed")
    entries = [each for each in place.entries if each.get("name") != name]
    if not entries and not place.extends:
        raise TemplateMistake(name, f"is the only template of {dataset.task}", "save another before you delete it")
    lost = _write(workspace, dataset, place, entries, f"deletion of template '{name}' of {dataset.task}")
    return Saved(name, place.file, lost)


def template_names(workspace: Workspace, dataset: Dataset) -> list[str]:
    """The names of all templates of a dataset, of whatever task and file."""
    return [each.name for each in templates_over(workspace, dataset)]


def templates_over(workspace: Workspace, dataset: Dataset) -> list[Template]:
    """All templates of a dataset: of its original task, its turned-around one, and plain ones."""
    tasks = [task for task in workspace.catalog().tasks.values() if task.dataset.task == dataset.task]
    ways = [way for task in tasks for way in (*task.templates, *task.plain) if isinstance(way, Template)]
    return list({way.name: way for way in ways}.values())


def _check_name(name: str, replaces: str, taken: Sequence[str]) -> None:
    if "\n" in name or not name.strip():
        raise TemplateMistake("name", "is missing", "give the template a name, for example what it asks")
    if len(name) > LONGEST_NAME:
        raise TemplateMistake(
            "name", f"has {len(name):,} characters", f"{LONGEST_NAME} are enough: a few words will do"
        )
    if name != replaces and name in taken:
        raise TemplateMistake("name", f"'{name}' is another template's", f"save it as '{free_name(name, taken)}'")


def _write(workspace: Workspace, dataset: Dataset, place: Place, entries: Sequence[Entry], said: str) -> int:
    """Write the entries as a step that can be undone; how many comments were lost."""
    if not entries:
        history(workspace).write(said, place.file, None, place.text)
        return 0
    text = place.text if place.text is not None else f"{EXTENDS}: {dataset.task}\n"
    edited = with_list(text, str(place.file), TEMPLATES, entries)
    history(workspace).write(said, place.file, edited.text, place.text)
    return edited.comments_lost
