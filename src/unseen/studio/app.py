"""The studio as an ASGI application: its routes, its headers, and what answers when a page fails."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unseen.errors import UnseenError, one_line
from unseen.reporting.document import ASSETS as REPORT_ASSETS
from unseen.studio.frame import Page, note
from unseen.studio.guard import Door, Guard, TooMuch, too_much
from unseen.studio.pages import (
    ask,
    browse,
    compare,
    diversity,
    mixture,
    models,
    new_dataset,
    predictions,
    run,
    runs,
    start,
    study,
    template_compare,
    templates,
    token_step,
    tokens,
)
from unseen.studio.reply import mistaken, page_or_part
from unseen.studio.workspace import Workspace

PAGES = (
    *(browse, templates, template_compare, new_dataset, tokens, token_step, models, mixture, start),
    *(runs, run, predictions, compare, study, diversity, ask),
)
ASSETS = Path(__file__).with_name("assets")
KINDS = {".css": "text/css", ".js": "text/javascript"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # without one, browsers send the studio's own forms with the origin "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def studio_app(workspace: Workspace, door: Door) -> ASGIApp:
    """The application behind its guard."""
    routes: list[BaseRoute] = [Route("/assets/{name}", _asset), *(route for page in PAGES for route in page.routes())]
    handlers: Any = {HTTPException: _not_here, TooMuch: _too_much, UnseenError: mistaken, Exception: _failed}
    middleware = [Middleware(GZipMiddleware, minimum_size=2048)]
    app = Starlette(routes=routes, exception_handlers=handlers, middleware=middleware)
    app.state.workspace = workspace
    return _Headers(Guard(app, door))


class _Headers:
    """Puts the policy on every answer that has none of its own. It stands before all else: what the guard refuses, and
    what Starlette answers where a page failed, have it too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                more = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *(pair for pair in more if pair[0] not in there)]
            await send(message)

        await self.app(scope, receive, with_headers)


def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    found = _assets().get(name)
    if found is None:
        raise HTTPException(404)
    return Response(found, media_type=KINDS[Path(name).suffix], headers={"Cache-Control": "no-cache"})


@cache
def _assets() -> dict[str, str]:
    """Every style and script by name; only these are served, so no path can climb."""
    files = [file for folder in (REPORT_ASSETS, ASSETS) for file in folder.iterdir() if file.suffix in KINDS]
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def _not_here(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    detail = error.detail if isinstance(error, HTTPException) else ""
    return page_or_part(request, Page(f"{status}", "", note("wrong", f"{request.url.path}: {detail}")), status)


def _too_much(request: Request, error: Exception) -> Response:
    from unseen.studio.guard import MOST_BYTES

    return too_much(MOST_BYTES)


def _failed(request: Request, error: Exception) -> Response:
    """A fault of ours: told on the page, with its traceback on stderr (Starlette's), and the studio goes on."""
    what = one_line(f"{type(error).__name__}: {error}")
    told = note("wrong", f"This page failed ({what}). The studio goes on; the terminal has the details.")
    return page_or_part(request, Page("A fault of ours", "", told), 500)
