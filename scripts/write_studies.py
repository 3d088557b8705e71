"""Writes docs/studies/README.md from the study pages beside it; a test holds the two equal.

A page carries its results, so the verdict here is made of them again, and stands beside what the paper found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unseen.reporting.numbers import counted
from unseen.reporting.study_words import headline
from unseen.study.bundle import read_bundle, results_in
from unseen.study.results import StudyResults
from unseen.study.verdict import analyse

PAGES = Path(__file__).parents[1] / "docs" / "studies"
OPENING = """# Studies that were run

Written by `scripts/write_studies.py` from the pages in this folder. Each page opens offline, holds no row's text, and
carries the value of every row, so that `unseen verify docs/studies/PAGE` makes its verdict again.
[Studies](../studies.md) says how to run them, [Verdicts](../verdicts.md) how a verdict is reached. The sizes are what a
small machine could do; a full size is in each study's file.

| study | size | verdict | the paper |
|---|---|---|---|
"""


def studies_page(folder: Path = PAGES) -> str:
    """The table: a line a page, by name."""
    return OPENING + "".join(f"{_line(path)}\n" for path in sorted(folder.glob("*.html")))


def _line(path: Path) -> str:
    results = results_in(read_bundle(path)[0])
    study, verdict = results.study, analyse(results)
    paper = study.get("paper")
    found = f"{paper['finding']} ({paper['source']})" if paper else "asked by nobody before, to our knowledge"
    cells = (
        f"[{study['study']}]({path.name}): {study['question']}",
        ", ".join(_size(results)),
        headline(verdict),
        found,
    )
    return "| " + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in cells) + " |"


def _size(results: StudyResults) -> Iterator[str]:
    done = [arm for arm in results.arms if arm.finished]
    models = dict.fromkeys(str(arm.record["recipe"]["model"]) for arm in done)
    yield " and ".join(models) if len(models) < 3 else counted(len(models), "model")
    yield counted(len({arm.name for arm in done}), "arm")
    yield counted(len({arm.seed for arm in done}), "seed")


if __name__ == "__main__":
    (PAGES / "README.md").write_text(studies_page(), encoding="utf-8")
