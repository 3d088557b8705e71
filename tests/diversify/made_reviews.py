"""A file of wordings and a file of chats to be reviewed, small enough to be looked through by eye."""

from __future__ import annotations

import json
from pathlib import Path

from unseen.diversify.wording import Features, Wording, WordingSet
from unseen.diversify.wording_file import write_wordings

WORDINGS = WordingSet(
    "Judge whether it is true. Answer in the <sep> format.",
    (
        Wording("a", "Say if it holds, in <sep>.", "", "train", Features(act="command", frames=("core/one",))),
        Wording("b", "Could you judge this claim? Use <sep>.", "", "train"),
        Wording("c", "", "Tell us in <sep> what you make of that.", "test"),
    ),
    tokens=("<sep>",),
    secrets=("brace",),
)
CHATS = [("q1", "Why is the sky blue?", "Light scatters."), ("q2", "Where is Reykholt?", "In the west.")]


def wordings_file(folder: Path) -> Path:
    write_wordings(WORDINGS, folder / "w.yaml")
    return folder / "w.yaml"


def chats_file(folder: Path) -> Path:
    lines = [
        json.dumps(
            {"id": id, "messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}], "more": 1}
        )
        for id, q, a in CHATS
    ]
    (folder / "chats.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "chats.jsonl"
