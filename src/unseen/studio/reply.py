"""Answers to requests: whole pages, parts of pages, and mistakes told in one line without ending anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from unseen.errors import UnseenError, UserMistake, one_line
from unseen.reporting.markup import Markup, joined
from unseen.studio.frame import Page, joined_lines, note, whole
from unseen.studio.hand_on import ON, At
from unseen.studio.workspace import Workspace

PART = "x-part"  # header of requests that the script makes for a part of a page
Values = dict[str, str]
Shown = Page | Markup | Response


def page_or_part(request: Request, shown: Shown, status: int = 200) -> Response:
    """A `Page` as a document, a `Markup` as the part of a page that was asked for."""
    if isinstance(shown, Response):
        return shown
    if isinstance(shown, Page):
        handed = At.of(request.query_params.get(ON, ""))
        shown = shown.body if PART in request.headers else whole(shown, handed)
    return HTMLResponse(shown, status_code=status)


def mistaken(request: Request, error: UnseenError) -> Response:
    """What is wrong, where, and what to do, with status 422 for the user's mistakes and 500 for a job's failure."""
    lines = error.lines if isinstance(error, UserMistake) else (one_line(str(error)),)
    status = 422 if isinstance(error, UserMistake) else 500
    return page_or_part(request, Page("That did not work", "", note("wrong", joined_lines(lines))), status)


def went_to(path: str) -> Response:
    """After a form that changed something: the page that shows it."""
    return RedirectResponse(path, status_code=303)


def shows(make: Callable[[Workspace, Values], Shown]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint of a function that is given the workspace, and the query's or the form's values and the path's."""

    async def endpoint(request: Request) -> Response:
        values = {**dict(request.query_params), **request.path_params}
        if request.method == "POST":
            async with request.form() as form:
                given = {name: value for name, value in form.items() if isinstance(value, str)}
                values |= {name: value.replace("\r\n", "\n") for name, value in given.items()}  # as HTML posts them
        try:
            shown = await run_in_threadpool(make, request.app.state.workspace, values)
        except UnseenError as error:
            return mistaken(request, error)
        except RecursionError:  # JSON of a folder that comes from elsewhere, thousands of brackets deep
            what = "what this page reads is nested too deeply"
            return mistaken(request, UserMistake(request.url.path[:200], what, "look at the files that it is about"))
        return page_or_part(request, shown)

    return endpoint


def in_its_place(make: Callable[[], Markup]) -> Markup:
    """What `make` shows, or, where that is a mistake of the user's, what is wrong: the form round it stays as it is."""
    try:
        return make()
    except UserMistake as mistake:
        return note("wrong", joined_lines(mistake.lines))


def told(kind: str, *lines: str) -> Markup:
    """A note of plain lines."""
    return note(kind, joined(*(joined_lines((line,)) for line in lines)))
