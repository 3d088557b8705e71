"""The paths that people name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.errors import DataMistake
from unseen.named_path import named_path

ANY = st.text(st.characters(), max_size=400)


@given(ANY)
def test_whatever_is_named_can_be_looked_for_or_is_told(text: str) -> None:
    try:
        path = named_path(text, DataMistake)
    except DataMistake as mistake:
        assert "can be no path" in str(mistake)
    else:
        assert path.exists() in (True, False)


def test_a_home_is_found_and_nobodys_is_a_name_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert named_path("~/rows.csv", DataMistake) == tmp_path / "rows.csv"
    assert named_path("~nobody-of-this-name/rows.csv", DataMistake) == Path("~nobody-of-this-name/rows.csv")


@pytest.mark.parametrize("text", ["a\0b", "a" * 256, "é" * 128, "a/" * 2001, "\ud800"])
def test_what_no_system_takes_is_refused(text: str) -> None:
    with pytest.raises(DataMistake, match="can be no path"):
        named_path(text, DataMistake)
