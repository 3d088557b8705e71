"""`unseen studio`: the local web page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unseen.cli_options import Catalogs


def studio(
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="a free one when absent")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page in the browser")] = True,
    host: Annotated[str, typer.Option("--host", help="another address to listen on; needs --token")] = "127.0.0.1",
    token: Annotated[str | None, typer.Option("--token", help="16 characters or more; made anew when absent")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="folder with run folders")] = Path("runs"),
    catalog: Catalogs = None,
) -> None:
    """The local web page: see prompts, tokens, splits and answers, write templates, start runs."""
    from unseen.studio.server import Address, serve
    from unseen.studio.workspace import Workspace

    serve(Workspace(tuple(catalog or ("shipped", "data", "user")), runs), Address(host, port, token), browser=browser)
