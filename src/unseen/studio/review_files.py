"""Files of wordings and chats that can be reviewed, and copies in the user's place of those that are not theirs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

import unseen
from unseen.data.places import home
from unseen.diversify.decisions import Decisions, read_decisions, review_path
from unseen.diversify.output import CHATS
from unseen.diversify.reviewed import (
    Item,
    Source,
    asked_in,
    faults_now,
    faults_of_chat,
    first_askers,
    kind_of,
    read_source,
)
from unseen.errors import DataMistake
from unseen.named_path import named_path
from unseen.studio.run_folders import entries, folder_at
from unseen.studio.workspace import Workspace, stamp_of

MANY = 500  # chats from which on they are checked as they are shown, 1 ms each
OF_RUNS = "runs:"  # a folder below that of runs, as the page Runs links to it


@dataclass(frozen=True, slots=True)
class Offered:
    """A file that can be reviewed: `whose` is `yours`, `here` or `shipped`."""

    file: Path
    whose: str
    decided: int


@dataclass(frozen=True, slots=True)
class Reviewing:
    """A file with what was decided about it, and what is wrong with what is kept. `name` is how a page names it;
    `theirs` says that only a copy of it is reviewed. `faults` is None of so many chats that each is looked at when it
    is shown; `askers` are then the first items with each question."""

    name: str
    theirs: bool
    source: Source
    decisions: Decisions
    faults: Mapping[str, list[str]] | None
    askers: Mapping[str, str]

    def faults_of(self, item: Item) -> list[str]:
        """What is wrong with an item as it is now; nothing with one that was dropped."""
        decided = self.decisions.standing
        if item.name in decided and decided[item.name].did == "drop":
            return []
        if self.faults is not None:
            return self.faults.get(item.name, [])
        asked = asked_in(item)
        first = self.askers.get(asked, item.name)
        gone = first in decided and decided[first].did == "drop"
        return faults_of_chat(item, {} if gone else {asked: first})


def offered(workspace: Workspace) -> list[Offered]:
    """Files in the user's place, below the folder of runs, in this folder, and those that came with the project."""
    runs = [workspace.runs / each.path / CHATS for each in entries(workspace) if each.kind == "diverse"]
    found = {file.resolve(): whose for whose, file in [*_own(), *(("yours", run) for run in runs), *_here()]}
    return [Offered(file, _whose(file, whose), len(read_decisions(file).made)) for file, whose in found.items()]


def _own() -> Iterator[tuple[str, Path]]:
    yield from (("yours", file) for file in sorted((home() / "wordings").glob("*.yaml")))
    yield from (("yours", file) for file in sorted((home() / "diverse").glob(f"*/{CHATS}")))


def _here() -> Iterator[tuple[str, Path]]:
    here = Path.cwd()
    for folder in (here / "wordings", here / "studies" / "wordings", _project() / "studies" / "wordings"):
        yield from (("here", file) for file in sorted(folder.glob("*.yaml")))
    yield from (("here", file) for file in sorted(here.glob("*wordings*.yaml")))
    yield from (("here", file) for file in sorted(here.glob(f"*/{CHATS}")))


def _whose(file: Path, whose: str) -> str:
    return "shipped" if is_theirs(file) else whose


def _project() -> Path:
    return Path(unseen.__file__).resolve().parents[2]


def is_theirs(file: Path) -> bool:
    """Whether a file came with the project, or lies where the user may not write: then only a copy is reviewed."""
    above = file.resolve().parents
    shipped = (Path(unseen.__file__).resolve().parent, _project() / "studies")
    return any(place in above for place in shipped) or not os.access(file.parent, os.W_OK)


def file_at(workspace: Workspace, name: str) -> Path:
    """The file that a page names: a path, a folder with chats, or `runs:` and a folder below that of runs."""
    if name.startswith(OF_RUNS):
        file = folder_at(workspace, name.removeprefix(OF_RUNS)) / CHATS
    else:
        file = named_path(name, DataMistake)
        file = file / CHATS if file.is_dir() else file
    kind_of(file)
    return file


def reviewing(workspace: Workspace, name: str) -> Reviewing:
    """Read again where the file or its review has changed. Raises the mistakes of `file_at` and of the file."""
    file = file_at(workspace, name)
    source: Source = workspace.kept(("reviewed", str(file)), stamp_of(file), lambda: read_source(file))
    decisions = read_decisions(file)
    faults: dict[str, list[str]] | None = None
    askers: dict[str, str] = {}
    if source.kind == "chats" and len(source.items) > MANY:
        askers = workspace.kept(("askers", str(file)), stamp_of(file), lambda: first_askers(source.items))
    else:
        stamp = (stamp_of(file), stamp_of(review_path(file)))
        faults = workspace.kept(("faults", str(file)), stamp, lambda: faults_now(source, decisions.standing))
    return Reviewing(name, is_theirs(file), source, decisions, faults, askers)


def copied(file: Path) -> Path:
    """The user's own copy of a file, made where there is none of this content yet."""
    folder = home() / "wordings" if kind_of(file) == "wordings" else home() / "diverse" / file.resolve().parent.name
    for number in range(1, 1000):
        copy = folder / (file.name if number == 1 else f"{file.stem}-{number}{file.suffix}")
        if not copy.exists():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            return copy
        if _digest(copy) == _digest(file):
            return copy
    raise DataMistake(str(folder), "holds a thousand copies", "delete some")


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()
