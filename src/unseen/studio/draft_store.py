"""The latest templates that were typed and are not saved, so that an address can name one."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock

from unseen.prompt.template import Template
from unseen.studio.workspace import Workspace


class Drafts:
    """Task and template by what they say; the oldest beyond `most` are forgotten."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._lock = Lock()
        self._held: OrderedDict[str, tuple[str, Template]] = OrderedDict()

    def put(self, task: str, template: Template) -> str:
        key = hashlib.sha256(repr((task, template)).encode("utf-8", "replace")).hexdigest()[:20]
        with self._lock:
            self._held[key] = (task, template)
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return key

    def get(self, key: str) -> tuple[str, Template] | None:
        with self._lock:
            return self._held.get(key)


def drafts(workspace: Workspace) -> Drafts:
    kept: Drafts = workspace.kept("drafts", None, Drafts)
    return kept
