"""Requests to package indexes, over the proxy and with the certificates that pip is told to use."""

from __future__ import annotations

import base64
import netrc
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import FileHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from unseen.data.pip_settings import PipSettings


def open_url(url: str, settings: PipSettings, headers: dict[str, str]) -> Any:
    """The response to a GET of an http, https or file address; a context manager with `read` and `headers`.

    A name and password in the address, or of the user's netrc, go along, but not to where it redirects. Raises
    `OSError` (`urllib.error.HTTPError` for a status of 400 and above).
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "file"):
        raise OSError(f"'{url}' is no http, https or file address")
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    request = Request(bare, headers={"Accept-Encoding": "identity", "User-Agent": "unseen", **headers})
    if credentials := _credentials(parts.hostname, parts.username, parts.password):
        request.add_unredirected_header("Authorization", f"Basic {credentials}")
    return _opener(parts.netloc.rpartition("@")[2], settings).open(request, timeout=settings.timeout)


def _opener(host: str, settings: PipSettings) -> OpenerDirector:
    proxies = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else None
    context = _certificates(settings)
    if {host, host.partition(":")[0]} & set(settings.trusted_hosts):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return build_opener(ProxyHandler(proxies), HTTPSHandler(context=context), FileHandler())


def _certificates(settings: PipSettings) -> ssl.SSLContext:
    """pip's own `cert` alone; without one the system's authorities and, where it is installed, certifi's."""
    if place := settings.certificates:
        folder = Path(place).is_dir()
        return ssl.create_default_context(cafile=None if folder else place, capath=place if folder else None)
    context = ssl.create_default_context()
    try:
        import certifi

        context.load_verify_locations(certifi.where())
    except ImportError:
        pass
    return context


def _credentials(host: str | None, name: str | None, password: str | None) -> str:
    if name is None and host:
        try:
            found = netrc.netrc().authenticators(host)
        except (OSError, netrc.NetrcParseError):
            found = None
        name, password = (found[0], found[2]) if found else (None, None)
    if name is None:
        return ""
    return base64.b64encode(f"{unquote(name)}:{unquote(password or '')}".encode()).decode()
