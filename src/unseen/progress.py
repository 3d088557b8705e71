"""Progress on the terminal: a bar for work that may take over two seconds, nothing where nobody looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unseen.launch import leads
from unseen.phases import Advance, Phase, Phases, Standing, shown_by, untold, when_it_begins, written_to

LINES = 8  # of phases that a terminal remembers
TOLD_IN = "UNSEEN_PROGRESS"  # names the file in which a command tells another process how far it is


@contextmanager
def phased(about: str = "") -> Iterator[Phases]:
    """Phases of work `about` something, shown on stderr with their counts, the time so far and, where it can be told,
    the time left; or written into the file that `$UNSEEN_PROGRESS` names. Nothing is shown before the first phase,
    nor on any but the first of several processes; without a terminal and a file they are not shown at all."""
    with _phased(about, []) as phases:
        yield phases


@contextmanager
def late_bar(label: str) -> Iterator[Advance]:
    """A callback `advance(done, total)` of one phase, which its first call shows: work that turns out to be done
    already shows none."""
    with _phased("", []) as phases:
        yield when_it_begins(phases, Phase(label))


@contextmanager
def rated_bar(label: str) -> Iterator[Advance]:
    """As `late_bar`, with how many a second."""
    with _phased("", _rate()) as phases:
        yield when_it_begins(phases, Phase(label))


@contextmanager
def bar(label: str) -> Iterator[Advance]:
    """As `late_bar`, shown from the start."""
    with _phased("", []) as phases:
        yield phases(Phase(label))


def say(text: str) -> None:
    """One line about what happens now, on stderr; of several processes the first one says it."""
    if leads():
        print(text, file=sys.stderr, flush=True)


@contextmanager
def _phased(about: str, more: list[Callable[[Any], str]]) -> Iterator[Phases]:
    if not leads():
        yield untold
    elif told_in := os.environ.get(TOLD_IN):
        yield _named(about, written_to(Path(told_in)))
    elif sys.stderr.isatty():
        with _on_terminal(more) as show:
            yield _named(about, shown_by(show))
    else:
        yield untold


def _named(about: str, phases: Phases) -> Phases:
    return (lambda phase: phases(Phase(f"{about}: {phase.name}", phase.unit))) if about else phases


@contextmanager
def _on_terminal(more: list[Callable[[Any], str]]) -> Iterator[Callable[[Standing], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TimeElapsedColumn
    from rich.text import Text

    class Told(ProgressColumn):
        """A text that is found anew each time."""

        def __init__(self, told: Callable[[Task], str]) -> None:
            super().__init__()
            self.told = told

        def render(self, task: Task) -> Text:
            return Text(self.told(task))

    columns = (Told(lambda task: task.description), BarColumn(), *map(Told, [_percent, *more]), TimeElapsedColumn())
    progress = Progress(*columns, Told(_left), console=Console(stderr=True), transient=True)
    began, lines = 0.0, {0.0: progress.add_task("", total=None)}

    def show(standing: Standing) -> None:
        """A phase that is gone back to, as tuning after a validation, has its line again, with its time and pace."""
        nonlocal began
        progress.start()
        if began != standing.began:
            progress.update(lines[began], visible=False)
            began = standing.began
            line = lines.pop(began) if began in lines else progress.add_task("", total=None)
            lines[began] = line  # the last one
            if len(lines) > LINES:
                progress.remove_task(lines.pop(next(iter(lines))))
        words, line, own = standing.words, lines[began], standing.done - (standing.first or 0)
        progress.update(line, description=words, completed=standing.done, total=standing.total, visible=True, own=own)

    try:
        yield show
    finally:
        progress.stop()


def _percent(task: Any) -> str:
    """Nothing where there is no whole: a share that never moves says less than none."""
    return f"{task.percentage:>3.0f}%" if task.total else ""


def _left(task: Any) -> str:
    left = task.time_remaining
    return "" if left is None else f"{left / 60:.0f} min left" if left >= 120 else f"{left:.0f} s left"


def _rate() -> list[Callable[[Any], str]]:
    """Over all of the phase, without what was done before it: answers come by the batch, many at one moment."""

    def told(task: Any) -> str:
        own = task.fields.get("own")
        return f"{own / task.elapsed:.1f}/s" if own and task.elapsed else ""

    return [told]
