"""The user's places follow their variables, and nothing is created by asking."""

from __future__ import annotations

from pathlib import Path

import pytest

from unseen.data import places


def test_everything_lies_under_the_named_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNSEEN_HOME", str(tmp_path / "h"))
    assert places.home() == tmp_path / "h"
    assert places.cache() == tmp_path / "h" / "cache"
    assert places.user_catalog() == tmp_path / "h" / "catalog"
    assert not places.home().exists()


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, ".local/share/unseen"),
        ("linux", {"XDG_DATA_HOME": "{home}/x"}, "x/unseen"),
        ("darwin", {}, "Library/Application Support/unseen"),
        ("win32", {"LOCALAPPDATA": "{home}/l"}, "l/unseen"),
    ],
)
def test_each_platform_has_its_own_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, variables: dict[str, str], expected: str
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("UNSEEN_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=tmp_path))
    assert places.home() == tmp_path / expected


def test_data_and_models_are_nowhere_until_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("UNSEEN_DATA", raising=False)
    monkeypatch.setenv("UNSEEN_MODELS", str(tmp_path))
    assert (places.data_root(), places.models_root()) == (None, tmp_path)
    assert places.shipped_catalog().parent.name == "unseen"
