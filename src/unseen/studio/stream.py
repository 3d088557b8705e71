"""Server-sent events: a part of a page, sent again when it has changed, until it is finished."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from unseen.reporting.markup import Markup

BREAK = re.compile("\r\n|\r|\n")
After = Literal["end", "gone"]
EVERY = 0.3  # seconds between two looks


def streamed(show: Callable[[], tuple[Markup, bool]], after: After = "end") -> StreamingResponse:
    """`show` gives the part as it is now, and whether it will not change any more; `after` that the part stays, or the
    page is loaded again."""
    return StreamingResponse(
        _events(show, after), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _events(show: Callable[[], tuple[Markup, bool]], after: After) -> AsyncIterator[str]:
    before: Markup | None = None
    while True:
        part, finished = await run_in_threadpool(show)
        if part != before:
            yield event("part", part)
            before = part
        if finished:
            yield event(after, "")
            return
        await asyncio.sleep(EVERY)


def event(name: str, data: str) -> str:
    """One event; a line break in the data begins another line of it."""
    lines = "".join(f"data: {line}\n" for line in BREAK.split(data))
    return f"event: {name}\n{lines}\n"
