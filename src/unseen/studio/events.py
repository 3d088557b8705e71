"""Server-sent events: what a page shows as it comes (see `data-stream` in studio.js)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import takewhile
from threading import Event as Flag
from typing import Literal, NamedTuple

from starlette.responses import StreamingResponse

Name = Literal["part", "more", "end", "gone", "still"]
CLOSING = Flag()  # set when the server ends: streams end with it, rather than be torn off


class Event(NamedTuple):
    """`part` replaces the element's content by markup, `more` puts text behind it, `end` closes the stream, `gone`
    loads the page again."""

    name: Name
    data: str = ""


def streamed(events: Iterator[Event]) -> StreamingResponse:
    """The events, each sent as soon as it is made. `events` may block for a second: it is read in a thread."""
    sent = map(_written, takewhile(lambda event: not CLOSING.is_set(), events))
    return StreamingResponse(sent, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _written(event: Event) -> str:
    if event.name == "still":
        return ": still\n\n"
    data = json.dumps(event.data) if event.name == "more" else event.data
    lines = "".join(f"data: {line}\n" for line in data.replace("\r", "").split("\n"))
    return f"event: {event.name}\n{lines}\n"
