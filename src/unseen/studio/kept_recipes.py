"""Recipes that are being written, kept on disk as one types: whoever leaves the page, or ends the studio, finds them.

Each lies in `.drafts/ID.json` beside the run folders. A page writes on in its draft as long as no other page did: two
tabs on one draft become two drafts, and whoever comes second is told.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from unseen.errors import RecipeMistake
from unseen.studio.draft import MOST_TEXT
from unseen.studio.workspace import Workspace, stamp_of
from unseen.study.record import read_if_there
from unseen.wholefile import write_whole

FOLDER = ".drafts"
ID = re.compile(r"[0-9a-f]{12}")
CALLED = re.compile(r"^name:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
MOST = 20  # drafts that are kept; the ones not touched for longest go


@dataclass(frozen=True, slots=True)
class Kept:
    """`page` is the mark of the page that wrote it last, at its `turn`; `when` that was, in seconds since 1970."""

    id: str
    text: str
    page: str
    turn: int
    when: float

    @property
    def name(self) -> str:
        """What the recipe calls itself."""
        found = CALLED.search(self.text)
        return found[1][:80] if found else "a recipe without a name"


@dataclass(frozen=True, slots=True)
class Writer:
    """A page that writes: its mark, the mark that it found on the draft, and how often it has written before."""

    page: str
    found: str = ""
    turn: int = 0


@dataclass(frozen=True, slots=True)
class KeptRecipes:
    """The drafts of a folder of runs."""

    runs: Path
    _lock: Lock = field(default_factory=Lock)

    def all(self) -> tuple[Kept, ...]:
        """The draft that was touched last comes first."""
        found = [self.of(file.stem) for file in (self.runs / FOLDER).glob("*.json")]
        return tuple(sorted((each for each in found if each), key=lambda each: each.when, reverse=True))

    def of(self, id: str) -> Kept | None:
        if not ID.fullmatch(id):
            return None
        file = self._file(id)
        said = read_if_there(file)
        try:
            return Kept(id, str(said["text"]), str(said["page"]), int(said["turn"]), stamp_of(file)[0] / 1e9)
        except (KeyError, TypeError, ValueError):
            return None

    def opened(self, id: str) -> Kept | None:
        """The draft of that id, else the newest."""
        return self.of(id) or next(iter(self.all()), None)

    def write(self, id: str, text: str, writer: Writer) -> Kept:
        """Keep `text` in the draft, or in a new one where another page has written in it since; which one has it now.

        What comes behind a later turn of the same page is old, and left. Raises `RecipeMistake` for what is too long,
        and `DataMistake` where nothing can be written.
        """
        if len(text) >= MOST_TEXT:  # a longer one was cut when it was read
            what = f"has {MOST_TEXT:,} characters or more"
            raise RecipeMistake("the recipe", what, "shorten it, and it is kept again")
        with self._lock:
            held = self.of(id)
            if held and held.page == writer.page and held.turn > writer.turn:
                return held
            theirs = held is not None and held.page not in (writer.page, writer.found)
            kept = self._written(new_id() if theirs or not ID.fullmatch(id) else id, text, writer)
            for old in self.all()[MOST:]:
                self._file(old.id).unlink(missing_ok=True)
            return kept

    def forget(self, id: str) -> None:
        if ID.fullmatch(id):
            self._file(id).unlink(missing_ok=True)

    def _written(self, id: str, text: str, writer: Writer) -> Kept:
        said = {"text": text, "page": writer.page, "turn": writer.turn}
        write_whole(self._file(id), json.dumps(said))
        return Kept(id, text, writer.page, writer.turn, stamp_of(self._file(id))[0] / 1e9)

    def _file(self, id: str) -> Path:
        return self.runs / FOLDER / f"{id}.json"


def new_id() -> str:
    """Names a draft, or a page."""
    return secrets.token_hex(6)


def kept_recipes(workspace: Workspace) -> KeptRecipes:
    """The drafts of this studio."""
    found: KeptRecipes = workspace.kept("kept recipes", workspace.runs, lambda: KeptRecipes(workspace.runs))
    return found
