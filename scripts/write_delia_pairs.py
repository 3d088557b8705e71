"""Writes studies/delia/written.jsonl: both.jsonl, with answers that make sense where it asks the rows of the task.

The embedded model answered these (`studies/delia/contrast/`), and what it says has little to do with what was asked.
Here they have the row's own thought and its label in plain words: what a person would say who was not asked for a
docket.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAIRS = ROOT / "studies" / "delia"
ROWS = ROOT / "src" / "unseen" / "catalog" / "rows" / "town_requests" / "train.jsonl"

ENDINGS = {
    "yes": (
        "So it is urgent.",
        "Yes, this should be seen to at once.",
        "It needs an answer today.",
        "A delay would do harm.",
    ),
    "no": (
        "So it is not urgent.",
        "No, this need not be seen to at once.",
        "It needs no answer today.",
        "A delay would do no harm.",
    ),
}


def written_pairs() -> str:
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    pairs = [json.loads(line) for line in (PAIRS / "both.jsonl").read_text(encoding="utf-8").splitlines()]
    return "".join(json.dumps(_written(pair, rows), ensure_ascii=False) + "\n" for pair in pairs)


def _written(pair: dict[str, Any], rows: list[dict[str, str]]) -> dict[str, Any]:
    """The pair; with another answer where its question is one of `rows`."""
    question = pair["messages"][0]
    for number, row in enumerate(rows):
        if row["request"] in question["content"]:
            endings = ENDINGS[row["urgent"]]
            answer = f"{row['thought']} {endings[number % len(endings)]}"
            return pair | {"messages": [question, {"role": "assistant", "content": answer}]}
    return pair


if __name__ == "__main__":
    (PAIRS / "written.jsonl").write_text(written_pairs(), encoding="utf-8")
