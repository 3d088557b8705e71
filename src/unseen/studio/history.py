"""What the studio wrote into a catalog, step by step, so that the last steps can be undone and redone.

The steps lie in a file of the user's home, one for each catalog folder, and so outlive the studio. A step is undone
only while its file still holds what the step wrote: what somebody changed since is never overwritten.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock

from unseen.data import places
from unseen.errors import DataMistake
from unseen.wholefile import write_whole

MOST_STEPS, MOST_CHARACTERS = 50, 4_000_000  # of one catalog's history; older steps are forgotten


@dataclass(frozen=True, slots=True)
class Step:
    """A file that was written: what stood in it `before` and `after`, None where there was no file."""

    said: str
    file: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class _Steps:
    steps: tuple[Step, ...] = ()
    at: int = 0  # how many of them are done

    def with_step(self, step: Step) -> _Steps:
        """Behind the steps that are done; what was undone is forgotten, and the oldest beyond the bounds."""
        steps = [*self.steps[: self.at], step][-MOST_STEPS:]
        while len(steps) > 1 and sum(map(_size, steps)) > MOST_CHARACTERS:
            del steps[0]
        return _Steps(tuple(steps), len(steps))


class History:
    """The steps over the catalog in `folder`. One of them is taken at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        key = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]
        self._file = places.home() / "studio" / f"history-{key}.json"

    def write(self, said: str, file: Path, after: str | None, expected: str | None) -> None:
        """Write `file` (None takes it away) where it still holds `expected`, whole or not at all, as a step.

        Raises `DataMistake` where it was changed meanwhile, or cannot be written.
        """
        with self._lock:
            _check_still(file, expected, "save again to write over what is there now")
            _put(file, after)
            self._keep(self._read().with_step(Step(said, str(file), expected, after)))

    def undo(self) -> str:
        """Take the last step back; what it was. Raises `DataMistake`."""
        with self._lock:
            held = self._read()
            if not held.at:
                raise DataMistake("undo", "there is no step to undo")
            step = held.steps[held.at - 1]
            _check_still(Path(step.file), step.after, "it is left as it is")
            _put(Path(step.file), step.before)
            self._keep(replace(held, at=held.at - 1))
            return step.said

    def redo(self) -> str:
        """Take the step that was undone last again; what it is. Raises `DataMistake`."""
        with self._lock:
            held = self._read()
            if held.at >= len(held.steps):
                raise DataMistake("redo", "there is no step to redo")
            step = held.steps[held.at]
            _check_still(Path(step.file), step.before, "it is left as it is")
            _put(Path(step.file), step.after)
            self._keep(replace(held, at=held.at + 1))
            return step.said

    def offers(self) -> tuple[str, str]:
        """What undo would take back and what redo would do again; empty where there is nothing."""
        held = self._read()
        last = held.steps[held.at - 1].said if held.at else ""
        return last, held.steps[held.at].said if held.at < len(held.steps) else ""

    def _read(self) -> _Steps:
        try:
            held = json.loads(self._file.read_text(encoding="utf-8"))
            return _Steps(tuple(Step(**each) for each in held["steps"]), int(held["at"]))
        except FileNotFoundError:
            return _Steps()
        except (OSError, ValueError, KeyError, TypeError):
            return _Steps()  # a history that cannot be read is no reason not to save

    def _keep(self, steps: _Steps) -> None:
        held = {"steps": [asdict(each) for each in steps.steps], "at": steps.at}
        write_whole(self._file, json.dumps(held, ensure_ascii=True))


def text_of(file: Path) -> str | None:
    """What a file holds, line ends as they stand; None where there is none. Raises `DataMistake`."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DataMistake(str(file), f"cannot be read ({error})", "check the file") from None


def _put(file: Path, text: str | None) -> None:
    if text is not None:
        write_whole(file, text)
        return
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise DataMistake(str(file), f"cannot be taken away ({error.strerror})", "check its rights") from None


def _check_still(file: Path, expected: str | None, remedy: str) -> None:
    held = text_of(file)
    if held != expected:
        what = "is gone" if held is None else "was changed by somebody else"
        raise DataMistake(str(file), f"{what} since the studio looked at it", remedy)


def _size(step: Step) -> int:
    return len(step.before or "") + len(step.after or "")
