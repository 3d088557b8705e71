"""Fetches what tests and the demo use: the embedded model and the PromptSource archive, both checked by SHA-256."""

from __future__ import annotations

import sys

from unseen.errors import UnseenError
from unseen.model.embedded import embedded_folder
from unseen.progress import bar
from unseen.prompt.promptsource import archive

if __name__ == "__main__":
    try:
        with bar("fetching") as progress:
            archive("0.2.3", progress)
            embedded_folder(progress)
    except UnseenError as error:
        sys.exit(f"prefetch: {error}")
