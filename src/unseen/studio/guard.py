"""Who may ask the studio: whoever holds its token, from its own page, for its own address, and not too much at once.

A page that listens on a port can be asked by every other page in the same browser. So each request must name the
address that the studio listens on (a foreign name that resolves to it is refused), bring the token (in the URL once,
then in a cookie that other sites cannot send), and a request that changes something must come from the studio itself.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 50 << 20  # of a request's body: a file that is dropped on the page is held in memory once
SAFE = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Door:
    """The token, and the addresses (`host:port`) that the studio goes by."""

    token: str
    hosts: frozenset[str]

    @property
    def cookie(self) -> str:
        """The cookie's name: cookies do not know ports, and several studios may run."""
        return f"unseen_studio_{min(self.hosts).rpartition(':')[2]}"


class Guard:
    """Lets requests through to `app`, or answers them: 401 without the token, 403 with a wrong one or from elsewhere,
    413 for a body over `most_bytes`."""

    def __init__(self, app: ASGIApp, door: Door, most_bytes: int = MOST_BYTES) -> None:
        self.app, self.door, self.most_bytes = app, door, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if (answer := self._answer(scope)) is not None:
            return await answer(scope, receive, send)
        return await self.app(scope, _bounded(receive, self.most_bytes), send)

    def _answer(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if headers.get("host") not in self.door.hosts:
            return refused(403, "this address is not the studio's; open the one that it printed")
        if scope["method"] not in SAFE and not self._own(headers):
            return refused(403, "only the studio's own pages may change anything here")
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(query).get("token")
        if given is not None:
            return self._entered(scope, given, [pair for pair in query if pair[0] != "token"])
        held = cookie_parser(headers.get("cookie", "")).get(self.door.cookie)
        if held is None:
            return refused(401, "the token is missing; open the address that the studio printed")
        if not self._is_token(held):
            return refused(403, "the token is another studio's; open the address that this one printed")
        if int(headers.get("content-length") or 0) > self.most_bytes:
            return too_much(self.most_bytes)
        return None

    def _entered(self, scope: Scope, given: str, query: Iterable[tuple[str, str]]) -> Response:
        """The token goes from the address into a cookie, so that it is not in links, nor in the history twice."""
        if not self._is_token(given):
            return refused(403, "this token is not the studio's; open the address that it printed")
        rest = urlencode(list(query))
        path = "/" + scope["path"].lstrip("/")  # of two slashes a browser makes another host
        answer = RedirectResponse(path + (f"?{rest}" if rest else ""), status_code=303)
        answer.set_cookie(self.door.cookie, self.door.token, httponly=True, samesite="strict", path="/")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.door.token.encode())

    def _own(self, headers: Headers) -> bool:
        return headers.get("origin") in {f"http://{host}" for host in self.door.hosts}


def refused(status: int, why: str) -> Response:
    return PlainTextResponse(f"unseen studio: {why}\n", status_code=status)


def too_much(most_bytes: int) -> Response:
    most = most_bytes >> 20
    return refused(413, f"that is over {most} MB; leave the file where it is and give its path instead")


class TooMuch(Exception):
    """A body that grew over the bound while it was read."""


def _bounded(receive: Receive, most_bytes: int) -> Receive:
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most_bytes:
            raise TooMuch
        return message

    return bounded
