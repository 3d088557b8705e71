"""`unseen studio`: the server, its address, and the browser that is opened on it."""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
import sys
import webbrowser
from contextlib import suppress
from dataclasses import dataclass
from threading import Timer
from types import FrameType

from unseen.errors import MissingExtra, UserMistake
from unseen.studio.workspace import Workspace

HERE = "127.0.0.1"
PLAIN = re.compile(r"[A-Za-z0-9._~-]+")  # what no address and no cookie spells otherwise
FIRST_PORT, PORTS = 8420, 20  # tried in turn where none is asked for


@dataclass(frozen=True, slots=True)
class Address:
    """Where the studio listens. A host other than this machine's own needs a token that the user chose."""

    host: str = HERE
    port: int | None = None
    token: str | None = None


def serve(workspace: Workspace, address: Address, *, browser: bool = True) -> None:
    """Serve until interrupted. The address, with its token, goes to stderr, and to the browser where one is wanted.

    Raises `UserMistake` for a host without a token and for a port that is taken, `MissingExtra` without the extra.
    """
    try:
        import uvicorn

        from unseen.studio.app import studio_app
        from unseen.studio.events import CLOSING
        from unseen.studio.guard import Door
    except ImportError:
        raise MissingExtra("studio", "the studio") from None
    token = _token(address)
    listening = _listening(address)
    host, port = listening.getsockname()[:2]
    door = Door(token, frozenset(f"{_in_address(name).lower()}:{port}" for name in (address.host, *_names(host))))
    shown = f"http://{HERE if address.host == 'localhost' else _in_address(address.host)}:{port}/"
    print(f"studio: {shown}?token={token}", file=sys.stderr, flush=True)
    print("studio: Ctrl-C ends it; runs that it started go on", file=sys.stderr, flush=True)
    if browser:
        Timer(0.3, webbrowser.open, [f"{shown}?token={token}"]).start()
    config = uvicorn.Config(
        studio_app(workspace, door),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=3,  # seconds; streams end within one
    )

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            CLOSING.set()
            super().handle_exit(sig, frame)

    Server(config).run(sockets=[listening])


def _token(address: Address) -> str:
    if address.token is None and not _is_local(address.host):
        what = f"{address.host} can be reached by others"
        raise UserMistake("--host", what, "choose a token with --token, or leave --host out")
    if address.token is not None and len(address.token) < 16:
        raise UserMistake("--token", "is shorter than 16 characters", "choose a longer one, or leave it out")
    if address.token is not None and not PLAIN.fullmatch(address.token):
        what = "holds more than letters (a to z), digits and - . _ ~"
        raise UserMistake("--token", what, "these stand in an address and a cookie as they are")
    return address.token or secrets.token_urlsafe(24)


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _names(host: str) -> set[str]:
    """What a socket that listens on `host` may be called: one on every address has those of the machine too."""
    names = {HERE, "localhost", host}
    if ipaddress.ip_address(host).is_unspecified:
        machine = socket.gethostname()
        names.add(machine)
        with suppress(OSError):
            names |= {str(found[4][0]) for found in socket.getaddrinfo(machine, None)}
    return names


def _in_address(name: str) -> str:
    """A name or number of a host as addresses have it: those of IPv6 in brackets."""
    return f"[{name}]" if ":" in name else name


def _listening(address: Address) -> socket.socket:
    """A socket on the port that was asked for, else on the first free one from `FIRST_PORT` on."""
    ports = [address.port] if address.port is not None else [*range(FIRST_PORT, FIRST_PORT + PORTS), 0]
    for port in ports:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        # The protocol is named so that asyncio sends small answers at once: without it each waits 40 ms (TCP_NODELAY).
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((address.host, port))
        except OSError as error:
            listening.close()
            failed = error
        else:
            listening.listen(64)
            return listening
    where = f"{address.host}:{address.port}" if address.port is not None else address.host
    raise UserMistake("studio", f"cannot listen on {where} ({failed.strerror})", "name another --port or --host")
