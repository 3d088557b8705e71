"""The rows of `shift_notes`: made by their script, slips that are dict literals, and a format that nothing tells."""

from __future__ import annotations

import ast
import re
from collections import Counter

from unseen.catalog.make import shift_notes
from unseen.data.description import load_description
from unseen.data.places import shipped_catalog
from unseen.data.rows import read_rows


def rows(split: str) -> list[dict[str, str]]:
    dataset = load_description(shipped_catalog() / "shift_notes.yaml")
    return [dict(row.values) for row in read_rows(dataset, split)]


def test_the_script_writes_the_files_that_ship() -> None:
    for split, text in shift_notes.files().items():
        assert (shift_notes.FOLDER / f"{split}.jsonl").read_bytes() == text.encode()


def test_slips_are_literals_of_what_the_note_says() -> None:
    for split, size in shift_notes.SIZES.items():
        found = rows(split)
        assert len(found) == size and len({row["note"] for row in found}) == size
        for row in found:
            assert ast.literal_eval(row["slip"]) == {"where": row["where"], "urgent": row["urgent"]}
            assert row["where"] in row["note"]
            assert not re.search(r"\b(where|urgent|yes|no)\b", row["note"], re.IGNORECASE)
        assert 0.4 < Counter(row["urgent"] for row in found)["yes"] / size < 0.6
