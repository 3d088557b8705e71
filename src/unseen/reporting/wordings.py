"""Wordings on the terminal: a line each, then what was dropped and how alike the sides are."""

from __future__ import annotations

import json
import sys

from unseen.diversify.similarity import between_sides
from unseen.diversify.wording import Wording, WordingSet
from unseen.diversify.wording_file import as_json
from unseen.reporting.terminal import Record, print_table

INPUT = "…"  # stands for the input


def print_wordings(wordings: WordingSet, as_values: bool) -> None:
    """A table, or all of it as JSON; what was counted goes to stderr."""
    if as_values:
        print(json.dumps(as_json(wordings), ensure_ascii=False, indent=1))
    else:
        print_table(
            [_line(each) for each in (*wordings.wordings, *wordings.special, *wordings.contrast)], as_json=False
        )
    for line in _counted(wordings):
        print(line, file=sys.stderr)


def _line(wording: Wording) -> Record:
    shown = {"before": f"{wording.before} {INPUT}", "after": f"{INPUT} {wording.after}"}
    text = shown.get(wording.place, f"{wording.before} {INPUT} {wording.after}")
    return {"wording": wording.name, "act": wording.features.act, "text": text.replace("\n", "⏎")}


def _counted(wordings: WordingSet) -> list[str]:
    train, test = (len(wordings.of_side(side)) for side in ("train", "test"))
    dropped = ", ".join(f"{why} {count}" for why, count in wordings.made.dropped.items())
    alike = between_sides(wordings.wordings)
    others = f"{len(wordings.special)} special, {len(wordings.contrast)} for contrast"
    lines = [f"{train} train, {test} test, {others}"]
    lines += [f"tried {wordings.made.tried}, dropped: {dropped or 'none'}"] if wordings.made.tried else []
    return lines + ([] if alike is None else [f"largest similarity between the sides: {alike:.3f}"])
