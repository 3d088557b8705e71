"""As much of the hub's HTTP interface as a push asks for: repositories, branches, large files, commits."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

TOKEN = "hf_right"
LFS_FROM = 1000  # bytes from which a file is large here
COMMIT = "c0ffee" + "0" * 34


@dataclass
class Hub:
    """What lies on the stand-in. `refuse` maps the beginning of a path to the status that it is answered with."""

    url: str = ""
    repos: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  # by repository and branch: path -> sha
    store: dict[str, bytes] = field(default_factory=dict)  # contents by SHA-256
    asked: list[str] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    breaks_at: str = ""  # the connection is closed without an answer at a path that begins so

    def content(self, repo: str, path: str, branch: str = "main") -> bytes:
        return self.store[self.files[repo, branch][path]]

    def puts(self) -> int:
        return sum(line.startswith("PUT") for line in self.asked)


@contextmanager
def hub_stand_in() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()


class Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *args: Any) -> None: ...

    def do_PUT(self) -> None:
        body = self._body()
        if self._goes_on():
            self.hub.store[self.path.rpartition("/")[2]] = body
            self._answer({})

    def do_GET(self) -> None:
        if self._goes_on():
            there = any(self.path.startswith(f"/api/{repo['type']}s/{name}") for name, repo in self.hub.repos.items())
            private = self.hub.repos.get(_repo(self.path), {}).get("visibility") == "private"
            told = {"id": _repo(self.path), "sha": COMMIT, "siblings": [], "private": private}
            self._answer(told, 200 if there else 404)

    def do_POST(self) -> None:
        body = self._body()
        if not self._goes_on():
            return
        path = self.path.partition("?")[0]
        for end, act in ((
            ("/api/validate-yaml", self._validate), ("/api/repos/create", self._create),
            ("/info/lfs/objects/batch", self._batch),
        )):  # fmt: skip
            if path.endswith(end):
                act(path, json.loads(body))
                return
        act = {"branch": self._branch, "preupload": self._preupload, "commit": self._commit}[path.split("/")[-2]]
        act(path, body)

    def _goes_on(self) -> bool:
        self.hub.asked.append(f"{self.command} {self.path}")
        if self.hub.breaks_at and self.path.startswith(self.hub.breaks_at):
            self.close_connection = True
            return False
        if not self.path.startswith("/store/") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer({"error": "Invalid credentials"}, 401)
            return False
        for start, status in self.hub.refuse.items():
            if self.path.startswith(start):
                self._answer({"error": "no"}, status)
                return False
        return True

    def _validate(self, path: str, asked: dict[str, Any]) -> None:
        front = asked["content"].startswith("---\n")
        self._answer({"errors": [] if front else [{"message": "no metadata"}]}, 200 if front else 400)

    def _create(self, path: str, asked: dict[str, Any]) -> None:
        repo = f"{asked['organization']}/{asked['name']}"
        there = repo in self.hub.repos
        self.hub.repos.setdefault(repo, asked)
        self.hub.files.setdefault((repo, "main"), {})
        self._answer({"url": f"{self.hub.url}/{repo}", "name": repo, "id": repo}, 409 if there else 200)

    def _branch(self, path: str, body: bytes) -> None:
        repo, branch = _repo(path), unquote(path.rpartition("/")[2])
        there = (repo, branch) in self.hub.files
        self.hub.files.setdefault((repo, branch), dict(self.hub.files[repo, "main"]))
        self._answer({}, 409 if there else 200)

    def _preupload(self, path: str, body: bytes) -> None:
        there = self.hub.files.get((_repo(path), unquote(path.rpartition("/")[2])), {})
        self._answer({"files": [self._mode(each, there) for each in json.loads(body)["files"]]})

    def _mode(self, each: dict[str, Any], there: dict[str, str]) -> dict[str, Any]:
        large = each["size"] >= LFS_FROM
        found = there.get(each["path"])
        oid = None if found is None else found if large else _git_oid(self.hub.store[found])
        mode = "lfs" if large else "regular"
        return {"path": each["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid}

    def _batch(self, path: str, asked: dict[str, Any]) -> None:
        objects: list[dict[str, Any]] = [{"oid": each["oid"], "size": each["size"]} for each in asked["objects"]]
        for each in objects:
            if each["oid"] not in self.hub.store:
                each["actions"] = {"upload": {"href": f"{self.hub.url}/store/{each['oid']}"}}
        self._answer({"transfer": "basic", "objects": objects})

    def _commit(self, path: str, body: bytes) -> None:
        repo, branch = _repo(path), unquote(path.rpartition("/")[2])
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                content = base64.b64decode(value["content"])
                self.hub.store[sha256(content).hexdigest()] = content
                self.hub.files[repo, branch][value["path"]] = sha256(content).hexdigest()
            elif line["key"] == "lfsFile":
                assert value["oid"] in self.hub.store
                self.hub.files[repo, branch][value["path"]] = value["oid"]
        self._answer({"commitUrl": f"{self.hub.url}/{repo}/commit/{COMMIT}", "commitOid": COMMIT, "success": True})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _repo(path: str) -> str:
    """`/api/models/org/name/...`."""
    return "/".join(path.split("/")[3:5])


def _git_oid(content: bytes) -> str:
    return sha1(b"blob %d\0" % len(content) + content).hexdigest()
