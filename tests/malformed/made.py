"""Malformed inputs that cannot lie in git: made afresh in the folder `made` of each copy of the corpus."""

from __future__ import annotations

import os
from pathlib import Path

ROW = '{"text": "a fine film", "label": 1}\n'
SPARSE = 100 * 2**20  # bytes
DESCRIPTION = """dataset: notes
cluster: mood
source: {{files: {{train: "{path}"}}}}
templates:
  - {{name: say, prompt: "Say it: {{{{ text }}}}", completion: "{{{{ text }}}}"}}
"""


def make(corpus: Path) -> None:
    """Write the inputs: bytes that are no text, files without end, links in circles, what may not be read."""
    made = corpus / "made"
    made.mkdir()
    (made / "nul.yaml").write_bytes(b"name: broken\nseen: [mood/\0notes]\n")
    (made / "nul.jsonl").write_bytes(ROW.encode() + b'{"text": "a\0b", "label": 1}\n')
    (made / "nul.csv").write_bytes(b"text,label\na fine film,1\n\0\0\0\0,0\n")
    (made / "noise.yaml").write_bytes(bytes(range(256)))
    (made / "noise.jsonl").write_bytes(bytes(range(256)) * 40)
    (made / "nested.yaml").write_text("name: " + "[" * 20_000)
    (made / "nested.jsonl").write_text('{"text": ' + "[" * 100_000 + "]" * 100_000 + "}\n")
    (made / "long_line.yaml").write_text("name: " + "x" * 6_000_000 + "\n")
    (made / "half_character.jsonl").write_text('{"text": "\\ud800", "label": 1}\n')
    (made / "empty_folder").mkdir()
    _sparse(made / "sparse.yaml")
    _sparse(made / "sparse.jsonl")
    (made / "circle.yaml").symlink_to("circle.yaml")
    (made / "circle.jsonl").symlink_to("circle.jsonl")
    (made / "circle").symlink_to("circle")
    (made / "dangling.yaml").symlink_to("nowhere.yaml")
    (made / "nul_path").mkdir()
    (made / "nul_path" / "d.yaml").write_text(DESCRIPTION.format(path="rows\\0.jsonl"))
    (made / "long_path").mkdir()
    (made / "long_path" / "d.yaml").write_text(DESCRIPTION.format(path="x" * 5000 + ".jsonl"))
    for name in ("secret.yaml", "secret.jsonl"):
        (made / name).write_text(ROW)
        (made / name).chmod(0)


def _sparse(path: Path) -> None:
    """A file of 100 MiB that takes no room: nothing but zeros, and no line break."""
    with path.open("wb") as file:
        os.truncate(file.fileno(), SPARSE)
