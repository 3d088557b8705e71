"""Who is let into the studio."""

from __future__ import annotations

import re

import pytest

from tests.studio.conftest import TOKEN, Studio
from unseen.studio.guard import MOST_BYTES


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


@pytest.mark.parametrize(
    "path", ["/assets/..%2fguard.py", "/assets/guard.py", "/assets/%2e%2e/app.py", "/../../etc/passwd"]
)
def test_no_path_climbs_out(studio: Studio, path: str) -> None:
    answer = studio.ask(path)
    assert answer.status == 404 and "import" not in answer.text


def test_every_answer_forbids_what_the_studio_does_not_need(studio: Studio) -> None:
    for path in ("/", "/nothing", "/assets/studio.css"):
        headers = studio.ask(path).headers
        assert (
            "default-src 'none'" in headers["content-security-policy"]
            and headers["x-content-type-options"] == "nosniff"
        )
