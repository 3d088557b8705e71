"""A chat backend that answers from a mapping or a file, so that a whole diversification runs offline."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from unseen.ask.chat import Request, Said, Unsaid
from unseen.data.jsonfiles import read_jsonl
from unseen.errors import DataMistake, JobFailed, raise_all


class ReplayChat:
    """Texts known beforehand, by the id of their request. One that is missing is a `JobFailed`: the file is used up."""

    pinned = True

    def __init__(self, texts: Mapping[str, str | Said | Unsaid], name: str = "replay") -> None:
        self.name = name
        self._texts = dict(texts)

    @property
    def digest(self) -> str:
        return (
            "replay-" + sha256(repr(sorted((id, repr(text)) for id, text in self._texts.items())).encode()).hexdigest()
        )

    def say(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        for request in requests:
            found = self._texts.get(request.id)
            if found is None:
                raise JobFailed(f"{self.name} holds no text for '{request.id}'; lower the number, or add to it")
            yield request.id, Said(found) if isinstance(found, str) else found


def replay_file(path: Path) -> ReplayChat:
    """Replay of a JSONL file: `{"id": "question/0", "text": ...}` a line, with `"ended": false` for a text that was
    broken off. Raises `DataMistake` for all lines of another shape together."""
    found = list(read_jsonl(path, {}))
    mistakes = [each for each in found if isinstance(each, DataMistake)]
    texts: dict[str, str | Said | Unsaid] = {}
    for number, record in enumerate(found):
        if isinstance(record, DataMistake):
            continue
        if not isinstance(record.get("id"), str) or not isinstance(record.get("text"), str):
            remedy = f"write {json.dumps({'id': 'question/0', 'text': '...'})}"
            mistakes.append(DataMistake(f"{path}, record {number}", "has no texts 'id' and 'text'", remedy))
        else:
            texts[record["id"]] = _said(record)
    raise_all(mistakes)
    return ReplayChat(texts, str(path))


def _said(record: Mapping[str, Any]) -> Said:
    return Said(record["text"], record.get("ended") is not False)
