"""Whether the Hugging Face hub can be reached, told quickly: its own client needs 23 seconds to find that out."""

from __future__ import annotations

import os
import socket
import threading
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from unseen.errors import DataMistake

PATIENCE = 2.0  # seconds for a first answer of the hub's machine


def require_network(where: str) -> None:
    """Raise `DataMistake` about `where`, within `PATIENCE` seconds, when the hub (or the proxy to it) is silent."""
    from huggingface_hub import constants

    remedy = "connect to it, or work with a local copy"
    if constants.HF_HUB_OFFLINE:
        raise DataMistake(where, "HF_HUB_OFFLINE forbids asking the hub", "unset it, or name a local copy")
    endpoint = os.environ.get("HF_ENDPOINT") or constants.ENDPOINT
    if not _answers(_next_machine(endpoint)):
        raise DataMistake(where, "the hub cannot be reached from here", remedy)


def _next_machine(endpoint: str) -> tuple[str, int]:
    """Host and port that a request to `endpoint` connects to first: the proxy's where there is one."""
    parts = urlsplit(endpoint)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.hostname or ""):
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _answers(machine: tuple[str, int]) -> bool:
    """Whether `machine` takes a connection. In a thread, since looking a name up has no timeout of its own."""
    connected = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection(machine, timeout=PATIENCE).close()
        except OSError:
            return
        connected.set()

    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(PATIENCE)
    return connected.is_set()
