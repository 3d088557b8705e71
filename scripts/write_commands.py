"""Writes docs/commands.md from the commands' own --help; a test holds the two equal."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

from unseen.cli import run

COMMANDS = [
    [],
    ["demo"],
    ["list"],
    ["show"],
    ["render"],
    ["import"],
    ["import", "promptsource"],
    ["import", "flan"],
    ["import", "natural-instructions"],
    ["tune"],
    ["evaluate"],
    ["chat"],
    ["export"],
    ["score"],
    ["diversify"],
    ["diversify", "questions"],
    ["diversify", "instructions"],
    ["diversify", "constraints"],
    ["diversify", "facts"],
    ["diversify", "dictionary"],
    ["study"],
    ["study", "plan"],
    ["study", "run"],
    ["study", "status"],
    ["study", "report"],
    ["probe"],
    ["probe", "representation"],
    ["probe", "buffering"],
    ["probe", "divergence"],
    ["probe", "report"],
    ["report"],
    ["push"],
    ["studio"],
    ["verify"],
]


def commands_page() -> str:
    """The page: what each command says of itself, at 100 columns."""
    os.environ["COLUMNS"] = "100"
    parts = ["# Commands\n\nWritten by `scripts/write_commands.py` from `--help`.\n"]
    for command in COMMANDS:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            run([*command, "--help"])
        title = " ".join(["unseen", *command])
        parts.append(f"\n## {title}\n\n```\n{said.getvalue().strip()}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    (Path(__file__).parents[1] / "docs" / "commands.md").write_text(commands_page(), encoding="utf-8")
