"""Progress on the terminal: a bar for work that may take over two seconds, nothing where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from unseen.launch import leads

Advance = Callable[[int, int | None], None]


@contextmanager
def late_bar(label: str) -> Iterator[Advance]:
    """A callback `advance(done, total)` that moves a bar on stderr, which its first call shows: work that turns out to
    be done already shows none. Without a terminal it does nothing, nor on any but
    the first of several processes."""
    if not sys.stderr.isatty() or not leads():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    task = progress.add_task(label, total=None)

    def advance(done: int, total: int | None) -> None:
        progress.start()
        progress.update(task, completed=done, total=total)

    try:
        yield advance
    finally:
        progress.stop()


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
