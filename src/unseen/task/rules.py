"""Rules of a paper on which clusters exclude each other, as data; FLAN's are in `catalog/rules/flan.yaml`.

A rule set has clusters of its own. A task belongs to those that its dataset has in the rule set's list, or else to
those that name its cluster here. A seen task is excluded where one of its clusters may not stand beside one of an
unseen task: they are the same, or the rules say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from unseen.data.places import shipped_catalog, user_catalog
from unseen.errors import HoldOutMistake, nearest
from unseen.section import Section, check_model
from unseen.task.claims import own_names, plain_name
from unseen.task.lists import entry_groups
from unseen.task.task import Task
from unseen.yamlfile import read_yaml_mapping

FOLDER = "rules"


class RulesFile(Section):
    """What a file of rules may say."""

    rules: str = Field(min_length=1)
    about: str = ""
    source: str = Field(min_length=1)
    datasets: str | None = None
    clusters: dict[str, tuple[str, ...]] = Field(min_length=1)
    excludes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """A rule set: `listed` are the clusters of a dataset in its list, `called` those of a cluster's name here."""

    name: str
    about: str
    listed: Mapping[str, tuple[str, ...]]
    called: Mapping[str, tuple[str, ...]]
    excludes: frozenset[frozenset[str]]

    def clusters(self, task: Task) -> tuple[str, ...]:
        """The rule set's clusters that a task belongs to."""
        from_list = (c for name in sorted(own_names(task.dataset)) for c in self.listed.get(name, ()))
        return tuple(dict.fromkeys(from_list)) or self.called.get(plain_name(task.cluster), ())

    def excluded(self, seen: Sequence[Task], unseen: Sequence[Task]) -> dict[str, str]:
        """Seen tasks that may not be tuned on beside `unseen`, by name, with the reason.

        Tasks of one cluster of ours are left to the claim's level: this is about clusters that names do not show.
        """
        theirs = [(task, self.clusters(task)) for task in unseen]
        return {task.name: why for task in seen if (why := self._why(task, theirs))}

    def _why(self, task: Task, unseen: Sequence[tuple[Task, tuple[str, ...]]]) -> str:
        for own in self.clusters(task):
            for other, clusters in unseen:
                for theirs in clusters if other.cluster != task.cluster else ():
                    if own == theirs:
                        return f"{other.name} is of {self.name}'s cluster {own}, too"
                    if frozenset((own, theirs)) in self.excludes:
                        return f"it is of {self.name}'s cluster {own}, which {theirs} ({other.name}) excludes"
        return ""


def load_rules(name: str) -> Rules:
    """The rules called `name`. Raises `HoldOutMistake` for unknown ones, with the nearest, and for a faulty file."""
    files = _files()
    if name not in files:
        raise HoldOutMistake("hold_out.rules", f"there are no rules '{name}'", nearest(name, files, "rules"))
    said = check_model(RulesFile, read_yaml_mapping(files[name], HoldOutMistake), str(files[name]), HoldOutMistake)
    called: dict[str, tuple[str, ...]] = {}
    for cluster, ours in said.clusters.items():
        for own in map(plain_name, ours):
            called[own] = (*called.get(own, ()), cluster)
    listed = entry_groups(said.datasets, str(files[name])) if said.datasets else {}
    return Rules(name, said.about, listed, called, frozenset(map(frozenset, said.excludes)))


def _files() -> dict[str, Path]:
    folders = (shipped_catalog() / FOLDER, user_catalog() / FOLDER)
    return {file.stem: file for folder in folders for file in sorted(folder.glob("*.yaml"))}
