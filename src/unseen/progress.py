"""Progress on the terminal: a bar for work that may take over two seconds, nothing where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from unseen.launch import leads

Advance = Callable[[int, int | None], None]


@contextmanager
def late_bar(label: str) -> Iterator[Advance]:
    """A callback `advance(done, total)` that moves a bar on stderr, which its first call shows: work that turns out to
    be done already shows none. Without a terminal it does nothing, nor on any but
    the first of several processes."""
    with _late_bar(label, list) as advance:
        yield advance


@contextmanager
def rated_bar(label: str) -> Iterator[Advance]:
    """As `late_bar`, with how many of how many are done, and how many a second."""
    with _late_bar(label, _rate) as advance:
        yield advance


@contextmanager
def _late_bar(label: str, more: Callable[[], list[Any]]) -> Iterator[Advance]:
    if not sys.stderr.isatty() or not leads():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    start = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    columns = (*start, *more(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    task = progress.add_task(label, total=None)

    def advance(done: int, total: int | None) -> None:
        progress.start()
        progress.update(task, completed=done, total=total)

    try:
        yield advance
    finally:
        progress.stop()


def _rate() -> list[Any]:
    from rich.progress import MofNCompleteColumn, ProgressColumn, Task
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:.1f}/s")

    return [MofNCompleteColumn(), Rate()]


@contextmanager
def bar(label: str) -> Iterator[Advance]:
    """As `late_bar`, shown from the start."""
    with late_bar(label) as advance:
        advance(0, None)
        yield advance


def say(text: str) -> None:
    """One line about what happens now, on stderr; of several processes the first one says it."""
    if leads():
        print(text, file=sys.stderr, flush=True)
