"""Server-sent events: what a page shows as it comes (see `data-stream` in studio.js)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import takewhile
from threading import Event as Flag
from typing import Literal, NamedTuple

from starlette.responses import StreamingResponse

from unseen.reporting.markup import Markup

Name = Literal["part", "line", "more", "end", "gone", "still"]
LOOK_EVERY = 0.4  # seconds
CLOSING = Flag()  # set when the server ends: streams end with it, rather than be torn off


class Event(NamedTuple):
    """`part` replaces the element's content by markup, `line` that of its `data-line` alone, `more` puts text behind
    it, `end` closes the stream, `gone` loads the page again."""

    name: Name
    data: str = ""


def streamed(events: Iterator[Event]) -> StreamingResponse:
    """The events, each sent as soon as it is made. `events` may block for a second: it is read in a thread."""
    sent = map(_written, takewhile(lambda event: not CLOSING.is_set(), events))
    return StreamingResponse(sent, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def followed(
    show: Callable[[], tuple[Markup, bool]],
    after: Literal["end", "gone"] = "end",
    every: float = LOOK_EVERY,
) -> StreamingResponse:
    """A part of a page, sent again when it has changed. `show` gives it as it is now, and whether it will not change
    again; `after` says that the part stays then, or that the page is loaded again. Looks are `every` seconds apart."""
    return streamed(_changes(show, after, every))


def followed_line(
    line: Callable[[], Markup | None], whole: Callable[[], Markup], listening: AbstractContextManager[None]
) -> StreamingResponse:
    """A line of a page, sent again when it has changed, and, once it is None, the whole part that it stands in: what
    one reads beside it is left alone until then. Somebody looks while inside `listening`."""
    return streamed(_line_changes(line, whole, listening))


def _line_changes(
    line: Callable[[], Markup | None], whole: Callable[[], Markup], listening: AbstractContextManager[None]
) -> Iterator[Event]:
    before: Markup | None = None
    with listening:
        while (now := line()) is not None:
            yield Event("line", now) if now != before else Event("still")
            before = now
            CLOSING.wait(LOOK_EVERY)
        yield Event("part", whole())
        yield Event("end")


def _changes(show: Callable[[], tuple[Markup, bool]], after: Literal["end", "gone"], every: float) -> Iterator[Event]:
    before: Markup | None = None
    while True:
        part, finished = show()
        if part != before:
            yield Event("part", part)
            before = part
        if finished:
            yield Event(after)
            return
        yield Event("still")  # fails where nobody listens any more, and so ends this
        CLOSING.wait(every)


def _written(event: Event) -> str:
    if event.name == "still":
        return ": still\n\n"
    data = json.dumps(event.data) if event.name == "more" else event.data
    lines = "".join(f"data: {line}\n" for line in data.replace("\r", "").split("\n"))
    return f"event: {event.name}\n{lines}\n"
