"""`unseen push`: a tuned model, or a catalog, to the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unseen.cli_options import Json


def push(
    place: Annotated[str, typer.Argument(metavar="RUN|CATALOG", help="a run's folder, a catalog's folder, or user")],
    hub_id: Annotated[str, typer.Argument(metavar="HUB_ID", help="org/name; it is made where it is not there")],
    private: Annotated[bool, typer.Option("--private", help="make it a private repository")] = False,
    revision: Annotated[str | None, typer.Option("--revision", metavar="BRANCH", help="a branch beside main")] = None,
    with_rows: Annotated[
        bool, typer.Option("--with-rows", help="send rows too: in the page, or the catalog's files")
    ] = False,
    without_report: Annotated[bool, typer.Option("--without-report", help="send no report.html")] = False,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="file that holds the token; else HF_TOKEN, or the hub's login")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="list what would go and how large it is")] = False,
    json: Json = False,
) -> None:
    """Send a tuned model with its card and page, or a catalog, to the hub."""
    from unseen.data.hub_upload import Target, require_small, token_in, upload
    from unseen.progress import say
    from unseen.reporting.publishing import parcel_of, require_hub_id
    from unseen.reporting.pushing import print_parcel, told

    require_hub_id(hub_id)
    token = token_in(token_file) if token_file else None
    parcel = parcel_of(place, with_rows=with_rows, with_report=not without_report)
    if dry_run:
        require_small(parcel.files)
        print_parcel(parcel, hub_id, json)
        return
    say(told(parcel, hub_id))
    print(upload(Target(hub_id, parcel.kind, private, revision), parcel.files, parcel.message, token))
