"""One package file from pip's indexes: resumed, checked, from any kind of index, and nothing of it is run."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from unseen.data.pip_settings import pip_settings
from unseen.data.places import cache
from unseen.data.pypi import fetch_pypi
from unseen.errors import DownloadFailed

WHEEL = "my_pkg-1.2.0-py3-none-any.whl"
BODY = bytes(range(256)) * 8192  # 2 MiB
SHA256 = hashlib.sha256(BODY).hexdigest()


class Index:
    """A package index on this machine. `breaks` answers are cut after `breaks[i]` bytes."""

    def __init__(self) -> None:
        self.files = {WHEEL: BODY}
        self.sha256 = SHA256
        self.ranges, self.form = True, "html"
        self.breaks: list[int] = []
        self.asked: list[tuple[str, str]] = []  # (path, Range)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/simple"

    def page(self) -> tuple[str, bytes]:
        if self.form == "json":
            files = [
                {"filename": name, "url": f"/files/{name}", "hashes": {"sha256": self.sha256}} for name in self.files
            ]
            return "application/vnd.pypi.simple.v1+json", json.dumps({"files": files}).encode()
        mark = f"#sha256={self.sha256}" if self.sha256 else ""
        links = "".join(f'<a href="../../files/{name}{mark}" data-requires="&gt;=3">{name}</a>' for name in self.files)
        return "text/html; charset=utf-8", f"<!DOCTYPE html><html><body>{links}</body></html>".encode()

    def _handler(index) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None: ...

            def do_GET(self) -> None:
                wanted = self.headers.get("Range", "")
                index.asked.append((self.path, wanted))
                if self.path == "/simple/my-pkg/":
                    return self._send(200, *index.page())
                name = self.path.rsplit("/", 1)[-1]
                if not self.path.startswith("/files/") or name not in index.files:
                    return self._send(404, "text/plain", b"no")
                body = index.files[name]
                start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and index.ranges else 0
                if start and start >= len(body):
                    return self._send(416, "text/plain", b"")
                place = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
                return self._send(206 if start else 200, "application/zip", body[start:], place)

            def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                cut = index.breaks.pop(0) if index.breaks and self.path.startswith("/files/") else len(body)
                self.wfile.write(body[:cut])
                self.close_connection = True

        return Handler

    @property
    def downloads(self) -> list[str]:
        """The Range of each request for a file."""
        return [wanted for path, wanted in self.asked if path.startswith("/files/")]


@pytest.fixture
def index(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    made = Index()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    only_index(monkeypatch, made.url)
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def only_index(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Tell pip, by its own variables, to know this one index."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")  # no configuration file of this machine
    monkeypatch.setenv("PIP_INDEX_URL", url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("form", ["html", "json"])
def test_a_file_is_fetched_checked_and_kept(index: Index, form: str) -> None:
    index.form = form
    seen: list[tuple[int, int | None]] = []
    path = fetch_pypi("My.Pkg", "1.2.0", ".whl", SHA256, lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == BODY
    assert path.is_relative_to(cache())
    assert seen[-1] == (len(BODY), len(BODY))
    assert seen == sorted(seen)
    asked = len(index.asked)
    assert fetch_pypi("my-pkg", "1.2.0", ".whl", SHA256) == path
    assert len(index.asked) == asked


def test_a_broken_connection_is_taken_up_where_it_ended(index: Index) -> None:
    index.breaks = [1_000_000, 500_000]
    assert fetch_pypi("my-pkg", "1.2.0", ".whl", SHA256).read_bytes() == BODY
    assert index.downloads == ["", "bytes=1000000-", "bytes=1500000-"]


def test_the_part_of_a_killed_run_is_kept_and_continued(index: Index) -> None:
    class Killed(BaseException):
        pass

    def kill(done: int, total: int | None) -> None:
        if done > 1_000_000:
            raise Killed

    with pytest.raises(Killed):
        fetch_pypi("my-pkg", "1.2.0", ".whl", SHA256, kill)
    (part,) = cache().rglob("*.part")
    have = part.stat().st_size
    assert 0 < have < len(BODY)
    assert fetch_pypi("my-pkg", "1.2.0", ".whl", SHA256).read_bytes() == BODY
    assert index.downloads == ["", f"bytes={have}-"]
    assert not list(cache().rglob("*.part"))


def test_a_server_without_ranges_sends_the_whole_again(index: Index) -> None:
    index.ranges, index.breaks = False, [1_000_000]
    assert fetch_pypi("my-pkg", "1.2.0", ".whl", SHA256).read_bytes() == BODY
    assert len(index.downloads) == 2


@pytest.mark.parametrize("part", [b"x" * 1000, BODY + b"more", BODY])
def test_a_part_of_something_else_is_thrown_away(index: Index, part: bytes) -> None:
    folder = cache() / "pypi" / "my-pkg-1.2.0"
    folder.mkdir(parents=True)
    (folder / f"{WHEEL}.part").write_bytes(part)
    assert fetch_pypi("my-pkg", "1.2.0", ".whl", SHA256).read_bytes() == BODY


def test_a_connection_that_gives_nothing_is_given_up(index: Index) -> None:
    index.breaks = [700_000, 0, 0, 0, 0]
    with pytest.raises(DownloadFailed, match="700,000 bytes are kept: run it again"):
        fetch_pypi("my-pkg", "1.2.0", ".whl", SHA256)


@pytest.mark.parametrize("told", ["ours", "the page's"])
def test_other_bytes_than_expected_are_refused(index: Index, told: str) -> None:
    index.files = {WHEEL: b"evil" + BODY[4:]}
    if told == "ours":
        index.sha256 = ""
    with pytest.raises(DownloadFailed, match="SHA-256"):
        fetch_pypi("my-pkg", "1.2.0", ".whl", SHA256 if told == "ours" else "")
    assert not list(cache().rglob("*.whl*[!k]"))  # neither file nor part; the lock stays


def test_a_file_that_the_index_knows_to_differ_is_not_fetched(index: Index) -> None:
    index.sha256 = "0" * 64
    with pytest.raises(DownloadFailed, match="has SHA-256 000000000000"):
        fetch_pypi("my-pkg", "1.2.0", ".whl", SHA256)
    assert index.downloads == []


def test_versions_and_names_are_not_confused(index: Index) -> None:
    others = ("my_pkg-1.2.0.1.tar.gz", "my_pkg-1.2.0.post1.tar.gz", "my_pkg-extra-1.2.0.tar.gz", WHEEL)
    index.files = dict.fromkeys(others, b"other")
    index.files["My.Pkg-1.2.0.tar.gz"] = BODY
    assert fetch_pypi("my-pkg", "1.2.0", ".tar.gz", SHA256).name == "My.Pkg-1.2.0.tar.gz"


def test_an_unknown_version_is_one_line(index: Index) -> None:
    with pytest.raises(DownloadFailed, match="no index of pip has it") as failure:
        fetch_pypi("my-pkg", "9.9", ".whl")
    assert "\n" not in str(failure.value)
    with pytest.raises(DownloadFailed, match="no index of pip has it"):
        fetch_pypi("no-such-pkg", "1", ".whl")


def test_a_password_is_not_shown(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.server.shutdown()
    index.server.server_close()
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("http://", "http://me:secret@"))
    with pytest.raises(DownloadFailed, match="does not answer") as failure:
        fetch_pypi("my-pkg", "1.2.0", ".whl", SHA256)
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("layout", ["index of pages", "index of folders", "folder of links", "page of links"])
def test_indexes_and_links_without_a_server(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    folder = tmp_path / "simple" / "my-pkg"
    folder.mkdir(parents=True)
    (folder / WHEEL).write_bytes(BODY)
    page = f'<a href="{WHEEL}#sha256={SHA256}">{WHEEL}</a>'
    only_index(monkeypatch, (tmp_path / "simple").as_uri())
    if layout == "index of pages":
        (folder / "index.html").write_text(page)
    elif layout != "index of folders":
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        (tmp_path / "links.html").write_text(page.replace('href="', f'href="{folder.as_uri()}/'))
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder if layout == "folder of links" else tmp_path / "links.html"))
    assert fetch_pypi("my-pkg", "1.2.0", ".whl", SHA256).read_bytes() == BODY


def test_the_settings_are_pips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://a.example/simple\nextra-index-url =\n  https://b.example/x\n  file:///c\n"
    )
    only_index(monkeypatch, "https://unused.example")
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_TIMEOUT", "7")
    monkeypatch.setenv("PIP_PROXY", "http://p.example:3128")
    monkeypatch.setenv("PIP_TRUSTED_HOST", "a.example")
    settings = pip_settings()
    assert settings.indexes == ("https://a.example/simple", "https://b.example/x", "file:///c")
    assert (settings.timeout, settings.proxy, settings.trusted_hosts) == (7.0, "http://p.example:3128", ("a.example",))


def test_without_configuration_pip_is_asked_for_its_own_index(monkeypatch: pytest.MonkeyPatch) -> None:
    only_index(monkeypatch, "unused")
    monkeypatch.delenv("PIP_INDEX_URL")
    (index,) = pip_settings().indexes
    assert index.startswith("https://")
    assert index.rstrip("/").endswith("/simple")
