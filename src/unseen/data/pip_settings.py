"""What pip is told about package indexes, asked of pip: a mirror, proxy or certificate needs no second setting."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial

from unseen.errors import DownloadFailed

# As pip reads them for `pip download`: a later section wins.
SECTIONS = ("global", "download", ":env:")


@dataclass(frozen=True, slots=True)
class PipSettings:
    """Places in the order in which they are asked; the rest is how to reach them."""

    indexes: tuple[str, ...]  # base addresses of simple indexes (PEP 503, PEP 691)
    find_links: tuple[str, ...]  # folders, or pages of links
    certificates: str = ""  # file or folder of certificate authorities
    proxy: str = ""
    trusted_hosts: tuple[str, ...] = ()  # `host` or `host:port` whose certificates are not checked
    timeout: float = 15.0  # seconds without a byte


def pip_settings() -> PipSettings:
    """pip's configuration here: its files and the PIP_ variables. Raises `DownloadFailed` where no pip runs."""
    said = _configured(_pip("config", "list"))
    indexes: tuple[str, ...] = ()
    if said.get("no-index", "").lower() not in ("1", "true", "yes", "on"):
        first = said.get("index-url") or _own_index(_pip("download", "--help"))
        indexes = (first, *said.get("extra-index-url", "").split())
    return PipSettings(
        indexes=indexes,
        find_links=tuple(said.get("find-links", "").split()),
        certificates=said.get("cert", ""),
        proxy=said.get("proxy", ""),
        trusted_hosts=tuple(said.get("trusted-host", "").split()),
        timeout=float(said.get("timeout") or said.get("default-timeout") or 15.0),
    )


def _configured(listing: str) -> dict[str, str]:
    """`section.key='value'` lines as one mapping; a later section of `SECTIONS` wins."""
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in found:
            found[section][key] = str(ast.literal_eval(value))
    return {key: value for section in SECTIONS for key, value in found[section].items()}


def _own_index(help_text: str) -> str:
    """The index that pip asks when nobody configured one, out of the help of its `--index-url`."""
    match = re.search(r"--index-url.*?\(default (\S+?)\)", " ".join(help_text.split()))
    if match is None:
        raise DownloadFailed(
            "pip does not tell its own index: configure one with 'pip config set global.index-url URL'"
        )
    return match[1]


def _pip(*words: str) -> str:
    """What a pip command prints: this environment's pip, else that of the path (uv's environments have none)."""
    ask = partial(subprocess.run, capture_output=True, text=True, env={**os.environ, "COLUMNS": "500"}, check=False)
    answer = ask([sys.executable, "-m", "pip", *words])
    elsewhere = shutil.which("pip") or shutil.which("pip3")
    if answer.returncode and elsewhere:
        answer = ask([elsewhere, *words])
    if answer.returncode:
        reason = (answer.stderr.strip().splitlines() or ["no answer"])[-1]
        raise DownloadFailed(f"pip, whose index settings are needed, does not run here ({reason}): python -m ensurepip")
    return answer.stdout
