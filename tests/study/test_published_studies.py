"""The study pages in docs/studies: each holds by itself, has no text of a row, and the table says what they say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from unseen.study.bundle import TEXTS, read_bundle, results_in
from unseen.study.verify.page import verify_page

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "studies").glob("*.html"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_published_page_holds(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself: its rows are hashed again by `unseen verify`, which takes minutes where they are many."""
    monkeypatch.setenv("UNSEEN_DATA", str(tmp_path))
    found = {f"{arm} {check.name}".strip(): check.outcome for arm, check in verify_page(path)}
    assert found["verdict"] == "holds" and "fails" not in found.values()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_published_page_is_small_and_holds_no_row(path: Path) -> None:
    assert path.stat().st_size < 5_000_000
    for arm in results_in(read_bundle(path)[0]).arms:
        assert all(text.startswith("sha256 ") for text in texts_in(arm.record))


def texts_in(value: object) -> list[str]:
    """What stands where a record keeps the text of rows."""
    if isinstance(value, dict):
        own = [each for key, each in value.items() if key in TEXTS and isinstance(each, str)]
        return own + [text for each in value.values() for text in texts_in(each)]
    return [text for each in value for text in texts_in(each)] if isinstance(value, list) else []


def test_the_table_of_published_studies_is_made_of_their_pages() -> None:
    written = runpy.run_path(str(ROOT / "scripts" / "write_studies.py"))["studies_page"]()
    assert (ROOT / "docs" / "studies" / "README.md").read_text(encoding="utf-8") == written
