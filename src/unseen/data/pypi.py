"""One file of one package, fetched from pip's indexes without running anything of it.

pip cannot resume after a kill, and runs a source archive's build code even to download it. Here the part that came
lies beside the target and the next attempt asks for the rest (HTTP Range, RFC 9110 section 14).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from unseen.data import places
from unseen.data.pip_settings import PipSettings, pip_settings
from unseen.data.simple_index import ACCEPT, PackageFile, files_of_folder, files_of_page, matching, normalised
from unseen.data.web import open_url
from unseen.errors import DownloadFailed, one_line

Progress = Callable[[int, int | None], None]  # bytes done, bytes of the whole where the server tells them

CHUNK = 1 << 18  # bytes
FRUITLESS = 3  # attempts in a row that bring no byte, after which it is given up


def fetch_pypi(
    package: str, version: str, file_suffix: str, sha256: str = "", progress: Progress | None = None
) -> Path:
    """Path, under the cache, of the file of `package==version` whose name ends with `file_suffix`.

    Checked against `sha256` and against what the index says. Nothing is asked when it is already there. Raises
    `DownloadFailed`; the part that came is kept for the next call.
    """
    folder = places.cache() / "pypi" / f"{normalised(package)}-{version}"
    if there := _already(folder, package, version, file_suffix, sha256):
        return there
    settings = pip_settings()
    failures: list[str] = []
    for file in _offered(package, version, file_suffix, settings, failures):
        if sha256 and file.sha256 and sha256 != file.sha256:
            failures.append(f"{file.name} has SHA-256 {file.sha256[:12]}… there, {sha256[:12]}… was expected")
            continue
        try:
            return _download(file, folder, sha256 or file.sha256, settings, progress or (lambda done, total: None))
        except DownloadFailed as failure:
            failures.append(str(failure))
    said = "; ".join(failures) or "no index of pip has it"
    raise DownloadFailed(one_line(f"{package}=={version} ({file_suffix}) could not be fetched: {said}"))


def _already(folder: Path, package: str, version: str, suffix: str, sha256: str) -> Path | None:
    if not folder.is_dir():
        return None
    for file in matching(files_of_folder(folder), package, version, suffix):
        path = folder / file.name
        if not sha256 or _digest(path) == sha256:
            return path
    return None


def _offered(
    package: str, version: str, suffix: str, settings: PipSettings, failures: list[str]
) -> Iterator[PackageFile]:
    """Matching files of pip's link places, then of its indexes. A place that does not answer is noted in `failures`."""
    pages = [(place, place) for place in settings.find_links]
    pages += [(index, f"{index.rstrip('/')}/{normalised(package)}/") for index in settings.indexes]
    for place, address in pages:
        try:
            yield from matching(_listing(address, settings), package, version, suffix)
        except HTTPError as error:
            if error.code not in (404, 410):  # which say: no such package here
                failures.append(f"{_shown(place)} answers {error.code}")
        except FileNotFoundError:
            continue
        except (OSError, HTTPException, ValueError) as error:
            failures.append(f"{_shown(place)} does not answer ({error})")


def _listing(address: str, settings: PipSettings) -> list[PackageFile]:
    path = _local(address)
    if path is None:
        with open_url(address, settings, {"Accept": ACCEPT}) as response:
            text = response.read().decode("utf-8", errors="replace")
            return files_of_page(text, response.headers.get("Content-Type", ""), response.url)
    page = path / "index.html" if path.is_dir() else path
    if page.is_file():
        return files_of_page(page.read_text(encoding="utf-8"), "text/html", page.absolute().as_uri())
    return files_of_folder(path)


def _local(address: str) -> Path | None:
    """The path that a file address or a bare path names; None for an address of the web."""
    if address.startswith("file:"):
        return Path(url2pathname(urlsplit(address).path))
    return None if "://" in address else Path(address).expanduser()


def _download(file: PackageFile, folder: Path, sha256: str, settings: PipSettings, progress: Progress) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target, part = folder / file.name, folder / f"{file.name}.part"
    with _alone(folder / f"{file.name}.lock"):
        if target.exists() and (not sha256 or _digest(target) == sha256):
            return target
        resumed = part.exists()
        _complete(file, part, settings, progress)
        if resumed and sha256 and _digest(part) != sha256:  # the part was of another file: once more from its start
            part.unlink()
            _complete(file, part, settings, progress)
        if sha256 and (got := _digest(part)) != sha256:
            part.unlink()
            raise DownloadFailed(f"{file.name} came with SHA-256 {got[:12]}…, {sha256[:12]}… was expected")
        part.replace(target)
    return target


def _complete(file: PackageFile, part: Path, settings: PipSettings, progress: Progress) -> None:
    """Bring `part` to its full length, asking again for the rest as long as bytes come."""
    fruitless, reason = 0, ""
    while fruitless < FRUITLESS:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _receive(file, part, settings, progress):
                return
            reason = "the connection ended early"
        except HTTPError as error:
            reason = f"status {error.code}"
            if error.code == 416 and before:  # the part is at least as long as the file
                part.unlink()
        except (OSError, HTTPException) as error:
            reason = str(error) or type(error).__name__
        after = part.stat().st_size if part.exists() else 0
        fruitless = 0 if after > before else fruitless + 1
    kept = f", {after:,} bytes are kept: run it again to go on" if after else ""
    raise DownloadFailed(f"{file.name} from {_shown(file.url)}: {reason}{kept}")


def _receive(file: PackageFile, part: Path, settings: PipSettings, progress: Progress) -> bool:
    """One request; whether `part` is whole after it."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with open_url(file.url, settings, headers) as response:
        if not have or not _continues(response, have):
            have = 0  # a server without ranges sends the whole again
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        with part.open("ab" if have else "wb") as out:
            while chunk := response.read(CHUNK):
                out.write(chunk)
                have += len(chunk)
                progress(have, total)
    return total is None or have == total


def _continues(response: Any, have: int) -> bool:
    said = response.headers.get("Content-Range", "")
    return response.status == 206 and str(said).startswith(f"bytes {have}-")


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time, where the platform has file locks; the SHA-256 is checked in any case."""
    with lock.open("w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        except (ImportError, OSError):
            pass
        yield


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown(address: str) -> str:
    """An address without the name and password that it may hold."""
    parts = urlsplit(address)
    return unquote(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl())
