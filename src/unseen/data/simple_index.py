"""Pages of a package index: the files of a package and their SHA-256. PEP 503 (HTML) and PEP 691 (JSON)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file that a page offers; `sha256` is empty where the page does not say it."""

    name: str
    url: str
    sha256: str = ""


def normalised(package: str) -> str:
    """The package's name as indexes spell it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", package).lower()


def files_of_page(text: str, content_type: str, url: str) -> list[PackageFile]:
    """The files that a page at `url` lists, in its order. Raises `ValueError` for a page that is neither form."""
    if "json" in content_type:
        return [_of_json(entry, url) for entry in json.loads(text).get("files", ())]
    parser = _Links()
    parser.feed(text)
    return [_of_link(urljoin(parser.base or url, link)) for link in parser.links]


def files_of_folder(folder: Path) -> list[PackageFile]:
    """The files that lie in a local folder."""
    return [PackageFile(path.name, path.absolute().as_uri()) for path in sorted(folder.iterdir()) if path.is_file()]


def matching(files: list[PackageFile], package: str, version: str, suffix: str) -> list[PackageFile]:
    """Files of this version of the package whose name ends with `suffix`; those for any platform first."""
    spelled = "[-_.]+".join(map(re.escape, normalised(package).split("-")))
    start = re.compile(rf"{spelled}-{re.escape(version)}(?=-|\.(?:tar\.|tgz|zip))", re.IGNORECASE)
    found = [file for file in files if file.name.endswith(suffix) and start.match(file.name)]
    return sorted(found, key=lambda file: "none-any" not in file.name)


def _of_json(entry: dict[str, object], page: str) -> PackageFile:
    hashes = entry.get("hashes")
    sha256 = hashes.get("sha256", "") if isinstance(hashes, dict) else ""
    return PackageFile(str(entry["filename"]), urljoin(page, str(entry["url"])), str(sha256))


def _of_link(url: str) -> PackageFile:
    parts = urlsplit(url)
    sha256 = parse_qs(parts.fragment).get("sha256", [""])[0]
    return PackageFile(unquote(parts.path.rsplit("/", 1)[-1]), parts._replace(fragment="").geturl(), sha256)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if target and tag == "a":
            self.links.append(target)
        elif target and tag == "base":
            self.base = target
