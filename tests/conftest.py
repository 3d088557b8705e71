"""What tests share: where real data lies, and the two downloads that scripts/test makes beforehand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

# How long an example takes says something about the machine, which other programs share. The same examples are tried
# every time, so that a change is judged and not the draw; HYPOTHESIS_PROFILE=explore tries new ones.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # on busy cores two threads wait for each other, spinning, for minutes
os.environ.pop("OMP_DYNAMIC", None)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real datasets; tests that use it are skipped where it is missing."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("UNSEEN_DATA", beside))
    if not (folder / "glue_rte").is_dir():
        pytest.skip("no real datasets: set UNSEEN_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def embedded_folder() -> Path:
    """Plain model folder of the embedded default, as scripts/test has left it in the cache."""
    from unseen.model.embedded import cached_folder

    folder = cached_folder()
    if folder is None:
        pytest.skip("the embedded model is not in the cache: scripts/test fetches it")
    return folder


@pytest.fixture(scope="session")
def promptsource_archive() -> Path:
    """The source archive of promptsource 0.2.3, as scripts/test has left it in the cache."""
    from unseen.data.places import cache

    found = sorted(cache().rglob("promptsource-0.2.3.tar.gz"))
    if not found:
        pytest.skip("the PromptSource archive is not in the cache: scripts/test fetches it")
    return found[0]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty $UNSEEN_HOME for tests that write to the user's places."""
    monkeypatch.setenv("UNSEEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a text file under the test's folder and gives its path."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file
