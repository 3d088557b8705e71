"""Hub datasets: a local folder of the hub's layout, a stand-in for the hub itself, and no network at all."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from unseen.data.rows import open_rows, read_rows
from unseen.errors import DataMistake

CARD = """---
configs:
- config_name: small
  data_files:
  - {split: train, path: data/train.csv}
  - {split: validation, path: data/dev.csv}
dataset_info:
- config_name: small
  features:
  - {name: text, dtype: string}
  - name: label
    dtype: {class_label: {names: {'0': neg, '1': pos}}}
---
"""
COMMIT = "c" * 40
FILES = {"README.md": b"---\nlicense: mit\n---\n", "data/train.csv": b"text,label\nNA,0\nNone,1\n,0\n"}


@pytest.fixture
def hub_folder(write: Callable[..., Path], tmp_path: Path) -> Path:
    write("hub/README.md", CARD)
    write("hub/data/train.csv", "text,label\nNA,0\nNone,1\n,0\n")
    write("hub/data/dev.csv", "text,label\nfine,pos\ndull,neg\n")
    return tmp_path / "hub"


def test_a_local_folder_of_the_hubs_layout(hub_folder: Path, describe: Callable[..., Any], home: Path) -> None:
    source = {"hub": "hub", "subset": "small", "splits": {"train": "train", "test": "validation"}}
    dataset = describe(source=source, labels={"column": "label", "words": ["bad", "good"]})
    test = [dict(row.values) for row in read_rows(dataset, "test")]
    assert test == [{"text": "fine", "label": 1}, {"text": "dull", "label": 0}]
    rows = open_rows(dataset, "train")
    assert [row.values["text"] for row in rows] == ["NA", "None", ""]
    (hub_folder / "data" / "train.csv").write_text("text,label\nchanged,1\n")
    assert [row.values["text"] for row in open_rows(dataset, "train")] == ["changed"]
    wrong = describe(source={"hub": "hub", "subset": "large", "splits": {"train": "train"}})
    with pytest.raises(DataMistake, match="'large' not found") as mistake:
        list(read_rows(wrong, "train"))
    assert len(mistake.value.lines) == 1


@pytest.fixture
def silent_machine() -> Iterator[str]:
    """A machine that drops whatever arrives: its queue of connections is full and nobody takes one."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = []
        for _ in range(8):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(address)
            waiting.append(client)
        yield f"http://127.0.0.1:{address[1]}"
        for client in waiting:
            client.close()


@pytest.mark.parametrize(("revision", "read"), [("main", open_rows), (COMMIT, lambda *of: list(read_rows(*of)))])
def test_without_network_a_hub_id_fails_within_three_seconds(
    silent_machine: str,
    describe: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    revision: str,
    read: Callable[..., Any],
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_ENDPOINT", silent_machine)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    dataset = describe(source={"hub": f"org/name@{revision}", "splits": {"train": "train"}})
    start = time.monotonic()
    with pytest.raises(DataMistake, match=f"org/name@{revision}: the hub cannot be reached") as mistake:
        read(dataset, "train")
    assert time.monotonic() - start < 3
    assert len(mistake.value.lines) == 1


def test_an_offline_machine_says_so(describe: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    dataset = describe(source={"hub": "org/name@main", "splits": {"train": "train"}})
    with pytest.raises(DataMistake, match="HF_HUB_OFFLINE"):
        list(read_rows(dataset, "train"))


class StandIn(BaseHTTPRequestHandler):
    """As much of the hub's interface as streaming a dataset asks for."""

    def log_message(self, *args: Any) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        tree, files = f"/api/datasets/org/name/tree/{COMMIT}", f"/datasets/org/name/resolve/{COMMIT}/"
        if path in ("/api/datasets/org/name/revision/main", f"/api/datasets/org/name/revision/{COMMIT}"):
            self._json({"id": "org/name", "sha": COMMIT, "siblings": [{"rfilename": name} for name in FILES]})
        elif path.startswith(tree):
            under = path.removeprefix(tree).strip("/")
            found = [name for name in FILES if name.startswith(under)]
            entries = [
                {"type": "file", "path": name, "size": len(FILES[name]), "oid": "0" * 40}
                for name in found
                if "/" not in name.removeprefix(under).strip("/")
            ]
            self._json(entries + ([] if under else [{"type": "directory", "path": "data", "oid": "1" * 40}]))
        elif path.removeprefix(files) in FILES:
            self._send(200, FILES[path.removeprefix(files)], {"ETag": '"x"', "X-Repo-Commit": COMMIT})
        else:
            missing = (
                "EntryNotFound" if "/resolve/" in path else "RevisionNotFound" if "/name/" in path else "RepoNotFound"
            )
            self._send(404, b"{}", {"X-Error-Code": missing})

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


READ = """
import sys
from pathlib import Path
from unseen.data.description import load_description
from unseen.data.rows import open_rows
from unseen.errors import DataMistake
for path in sys.argv[1:]:
    try:
        rows = open_rows(load_description(Path(path)), "train")
        print([row.values for row in rows], rows.source)
    except DataMistake as mistake:
        print(mistake)
print("torch" in sys.modules)
"""


def test_a_revision_is_resolved_to_its_commit_and_streamed(
    hub: str, write: Callable[..., Path], tmp_path: Path
) -> None:
    """In a process of its own: the hub's client reads its address when it is imported."""
    ids = ("org/name@main", "org/name@no-such-branch", "org/other@main")
    text = "dataset: d\ncluster: c\nsource: {{hub: {}, splits: {{train: train}}}}\n"
    paths = [str(write(f"{number}.yaml", text.format(name))) for number, name in enumerate(ids)]
    places = {"HF_ENDPOINT": hub, "HF_HOME": str(tmp_path / "hf"), "UNSEEN_HOME": str(tmp_path / "home")}
    environment = {**os.environ, **places, "HF_HUB_OFFLINE": "0", "NO_PROXY": "127.0.0.1"}
    run = subprocess.run([sys.executable, "-c", READ, *paths], env=environment, capture_output=True, text=True)
    streamed, revision, repository, torch_loaded = run.stdout.splitlines()
    expected = [{"text": "NA", "label": 0}, {"text": "None", "label": 1}, {"text": "", "label": 0}]
    assert streamed == f"{expected} org/name@{COMMIT}"
    assert "no revision 'no-such-branch'" in revision
    assert "no such dataset on the hub" in repository
    assert torch_loaded == "False"
