"""Who is let into the studio."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from select import select

import pytest
from starlette.routing import Route

from tests.studio.conftest import TOKEN, Studio
from unseen.studio.guard import MOST_BYTES
from unseen.studio.pages import browse
from unseen.studio.reply import Shown, Values, shows
from unseen.studio.workspace import Workspace


def broken(workspace: Workspace, values: Values) -> Shown:
    raise ZeroDivisionError("a fault of ours")


@pytest.fixture(autouse=True)
def a_page_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The studio's pages and one more, made before the studio is."""
    there = browse.routes()
    monkeypatch.setattr(browse, "routes", lambda: [*there, Route("/broken", shows(broken))])


def test_without_the_token_nothing_is_shown(studio: Studio) -> None:
    answer = studio.raw("GET", "/", None, {})
    assert (answer.status, "Browse" in answer.text) == (401, False)
    assert "open the address that the studio printed" in answer.text


@pytest.mark.parametrize("path", ["/", "/assets/studio.js", "/datasets/sentiment/film_notes", "/nothing"])
def test_a_wrong_token_is_refused_everywhere(studio: Studio, path: str) -> None:
    assert studio.raw("GET", f"{path}?token=guessed", None, {}).status == 403
    assert studio.raw("GET", path, None, {"Cookie": f"unseen_studio_{studio.port}=guessed"}).status == 403


def test_the_token_moves_from_the_address_into_a_cookie(studio: Studio) -> None:
    answer = studio.raw("GET", f"/?q=film&token={TOKEN}&cluster=", None, {})
    assert (answer.status, answer.headers["location"]) == (303, "/?q=film&cluster=")
    cookie = answer.headers["set-cookie"]
    assert TOKEN in cookie and "HttpOnly" in cookie and re.search("samesite=strict", cookie, re.IGNORECASE)


def test_the_way_behind_the_token_stays_in_the_studio(studio: Studio) -> None:
    """//evil.example is another host to a browser."""
    assert studio.raw("GET", f"//evil.example/?token={TOKEN}", None, {}).headers["location"] == "/evil.example/"


def test_a_foreign_name_for_this_address_is_refused(studio: Studio) -> None:
    """DNS rebinding: a page of evil.example whose name comes to mean 127.0.0.1."""
    assert studio.ask("/", Host=f"evil.example:{studio.port}").status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", ""])
def test_a_foreign_page_changes_nothing(studio: Studio, origin: str) -> None:
    assert studio.ask("/", {"q": "film"}, Origin=origin).status == 403


def test_a_body_that_is_too_large_is_refused_before_it_is_read(studio: Studio) -> None:
    headers = {"Content-Length": str(MOST_BYTES + 1), "Cookie": f"unseen_studio_{studio.port}={TOKEN}"}
    answer = studio.raw("POST", "/", None, headers | {"Origin": studio.url[:-1]})
    assert (answer.status, "give its path instead" in answer.text) == (413, True)


def test_a_body_without_a_length_is_read_no_further_than_the_bound(studio: Studio) -> None:
    """100 MB in chunks, of which the client sends what the studio takes; what was read last is the studio's answer."""
    head = f"POST /new/file HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\nOrigin: {studio.url[:-1]}\r\n"
    head += f"Cookie: unseen_studio_{studio.port}={TOKEN}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + b"a" * (1 << 20)
    answer = b""
    with socket.create_connection(("127.0.0.1", studio.port), timeout=60) as asking:
        asking.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        with suppress(OSError):
            for chunk in (file, *[b"a" * (1 << 20)] * 99):
                asking.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                if select([asking], [], [], 0)[0]:
                    break
            answer = asking.recv(1000)
    assert answer.startswith(b"HTTP/1.1 413") and studio.ask("/").status == 200


@pytest.mark.parametrize(
    "path", ["/assets/..%2fguard.py", "/assets/guard.py", "/assets/%2e%2e/app.py", "/../../etc/passwd"]
)
def test_no_path_climbs_out(studio: Studio, path: str) -> None:
    answer = studio.ask(path)
    assert answer.status == 404 and "import" not in answer.text


def test_every_answer_forbids_what_the_studio_does_not_need(studio: Studio) -> None:
    answers = [studio.ask(path) for path in ("/", "/nothing", "/assets/studio.css", "/broken")]
    answers += [studio.raw("GET", "/", None, {}), studio.ask("/", Host="evil.example"), studio.ask("/", {}, Origin="")]
    assert [each.status for each in answers] == [200, 404, 200, 500, 401, 403, 403]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_page_that_fails_says_so_and_the_studio_goes_on(studio: Studio) -> None:
    assert "The studio goes on; the terminal has the details" in studio.ask("/broken").text
    assert studio.ask("/").status == 200
