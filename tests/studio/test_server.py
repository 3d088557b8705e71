"""Where the studio listens, and what it prints."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from unseen.cli import run


@contextmanager
def served(*options: str) -> Iterator[str]:
    """The first line of a studio that is started as from a terminal."""
    command = [sys.executable, "-m", "unseen", "studio", "--no-browser", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as studio:
        assert studio.stderr is not None
        try:
            yield studio.stderr.readline()
        finally:
            studio.terminate()


def listens_on_six() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", ["127.0.0.2", "::1"])
def test_the_address_that_is_printed_opens_the_studio(host: str, home: Path) -> None:
    if host == "::1" and not listens_on_six():
        pytest.skip("this machine has no IPv6")
    with served("--host", host) as line:
        found = urlsplit(re.sub("^studio: ", "", line.strip()))
        assert found.hostname == host and found.query.startswith("token=")
        with closing(HTTPConnection(host, found.port or 0, timeout=60)) as asking:
            asking.request("GET", f"/?{found.query}", headers={"Host": found.netloc})
            assert asking.getresponse().status == 303


def test_on_every_address_the_machines_own_name_is_answered_and_no_other(home: Path) -> None:
    with served("--host", "0.0.0.0", "--token", "chosen-by-the-user") as line:
        port = urlsplit(line.removeprefix("studio: ").strip()).port or 0
        for name, status in {"localhost": 401, socket.gethostname().lower(): 401, "evil.example": 403}.items():
            with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as asking:
                asking.request("GET", "/", headers={"Host": f"{name}:{port}"})
                assert asking.getresponse().status == status


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--host", "0.0.0.0"), "choose a token with --token"),
        (("--host", "203.0.113.7"), "choose a token with --token"),
        (("--token", "short"), "is shorter than 16 characters"),
        (("--token", "long enough & more than letters"), "holds more than letters"),
        (("--host", "203.0.113.7", "--token", "long-enough-for-this"), "cannot listen on"),
    ],
)
def test_a_place_that_cannot_be_is_one_line(
    options: tuple[str, ...], told: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["studio", "--no-browser", *options]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and told in lines[0]
