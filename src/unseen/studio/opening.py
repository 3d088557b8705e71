"""Long files of rows, opened in the background: a page that needs a row far down says so and is answered at once."""

from __future__ import annotations

from threading import Lock, Thread

from unseen.data.dataset import Dataset
from unseen.data.rowstore import Rows
from unseen.errors import UserMistake
from unseen.studio.workspace import Workspace

PATIENCE = 0.12  # seconds that a page waits for a file that was opened before


class StillReading(Exception):
    """The rows of a split are being read for the first time."""


class _Opening:
    """One split that is being opened by a thread of its own."""

    def __init__(self, workspace: Workspace, dataset: Dataset, split: str) -> None:
        self.rows: Rows | None = None
        self.mistake: UserMistake | None = None
        self._of = (workspace, dataset, split)
        self.thread = Thread(target=self._open, daemon=True)
        self.thread.start()

    def _open(self) -> None:
        workspace, dataset, split = self._of
        try:
            self.rows = workspace.rows(dataset, split)
        except UserMistake as mistake:
            self.mistake = mistake


class Openings:
    """The splits that are being opened, each once whoever asks for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: dict[tuple[str, str], _Opening] = {}

    def rows(self, workspace: Workspace, dataset: Dataset, split: str, patience: float = PATIENCE) -> Rows:
        """The rows of a split. Raises `StillReading` where that takes longer than `patience` seconds."""
        with self._lock:
            opening = self._held.get((dataset.task, split))
            if opening is None:
                opening = self._held[dataset.task, split] = _Opening(workspace, dataset, split)
        opening.thread.join(patience)
        if opening.thread.is_alive():
            raise StillReading
        with self._lock:
            self._held.pop((dataset.task, split), None)
        if opening.mistake is not None:
            raise opening.mistake
        return workspace.rows(dataset, split)


def openings(workspace: Workspace) -> Openings:
    kept: Openings = workspace.kept("openings", None, Openings)
    return kept
