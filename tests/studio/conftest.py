"""A studio that listens on a port of its own, and a real browser to look at it."""

from __future__ import annotations

import http.client
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn

from tests.studio.stand_in_model import MODEL
from tests.studio.start_program import PROGRAM
from unseen.studio.app import studio_app
from unseen.studio.guard import Door
from unseen.studio.jobs import Jobs
from unseen.studio.plans import Plans
from unseen.studio.talk import Talks
from unseen.studio.workers import Workers
from unseen.studio.workspace import Workspace

TOKEN = "a-token-for-tests-only"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Studio:
    """A running studio. `ask` brings the token's cookie and the studio's own origin unless other headers are given."""

    port: int
    workspace: Workspace

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def door(self) -> str:
        return f"{self.url}?token={TOKEN}"

    def ask(self, path: str, form: Mapping[str, str] | None = None, **headers: str) -> Answer:
        body = None if form is None else urlencode(form)
        sent = {"Cookie": f"unseen_studio_{self.port}={TOKEN}", "Origin": self.url[:-1]}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        return self.raw("GET" if form is None else "POST", path, body, sent | headers)

    def raw(self, method: str, path: str, body: str | bytes | None, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers))
            found = connection.getresponse()
            return Answer(found.status, {k.lower(): v for k, v in found.getheaders()}, found.read().decode())
        finally:
            connection.close()


@pytest.fixture
def workspace(home: Path, tmp_path: Path) -> Workspace:
    """The shipped catalog and an empty one of the user's, in an empty home."""
    return Workspace(("shipped", "user"), tmp_path / "runs")


@pytest.fixture
def studio(workspace: Workspace) -> Iterator[Studio]:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    app = studio_app(workspace, Door(TOKEN, frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        thread.join(0.01)
    yield Studio(port, workspace)
    server.should_exit = True
    thread.join(30)


@pytest.fixture
def jobs(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """The studio's jobs; what it starts is a stand-in for `unseen`, and ./recipes lies in the test's folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "unseen.py").write_text(PROGRAM)
    program = (sys.executable, str(tmp_path / "unseen.py"))
    studio.workspace.kept("plans", None, lambda: Plans(program, studio.workspace.stamp_of_catalogs))
    found: Jobs = studio.workspace.kept(
        "jobs", studio.workspace.runs, lambda: Jobs(studio.workspace.runs, patience=0.5, program=program)
    )
    return found


@pytest.fixture
def talks(studio: Studio, tmp_path: Path) -> Any:
    """The studio's talks; a model is a stand-in that says its name, how many turns it read, and what it was asked."""
    (tmp_path / "model.py").write_text(MODEL)
    program = (sys.executable, str(tmp_path / "model.py"))
    found: Talks = studio.workspace.kept("talks", None, lambda: Talks(Workers(program)))
    yield found
    found.workers.keep(())


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's chromium, driven by Playwright; tests that use it are skipped without it."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium: apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # ms: nothing is slow here, but other tests share the cores
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any, studio: Studio) -> Iterator[Any]:
    """A page of the studio, let in; a fault in its script, or a request to anywhere else, fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    found: list[str] = []
    shown = context.new_page()
    shown.on("pageerror", lambda error: found.append(str(error)))
    shown.on("request", lambda request: found.append(request.url) if _foreign(request.url, studio.url) else None)
    shown.goto(studio.door)
    yield shown
    context.close()
    assert not found


def _foreign(url: str, own: str) -> bool:
    return not url.startswith((own, "data:", "blob:"))
