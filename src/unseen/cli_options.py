"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="override one value of the recipe")]
Out = Annotated[Path | None, typer.Option("--out", help="folder (or file) to write to")]
Json = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]
Catalogs = Annotated[
    list[str] | None, typer.Option("--catalog", help="shipped, data, user or a folder; all three when absent")
]
