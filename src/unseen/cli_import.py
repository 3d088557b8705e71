"""`unseen import ...`: templates and tasks of others, into the user's catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unseen.cli_options import Json

importing = typer.Typer(help="Bring templates of others into your catalog.", rich_markup_mode=None)


@importing.command()
def promptsource(
    path: Annotated[str, typer.Argument(help="a checkout, a templates folder, or pypi:promptsource==0.2.3")],
    json: Json = False,
) -> None:
    """PromptSource's templates, every file of them."""
    from unseen.data.places import user_catalog
    from unseen.prompt.promptsource import import_promptsource
    from unseen.reporting.terminal import print_table

    print_table([import_promptsource(path, user_catalog())], json)


@importing.command()
def flan(
    path: Annotated[str, typer.Argument(help="a checkout of FLAN, its folder flan, or one of its pattern files")],
    json: Json = False,
) -> None:
    """FLAN's patterns, read as data and never run."""
    from unseen.data.places import user_catalog
    from unseen.prompt.flan import import_flan
    from unseen.reporting.terminal import print_table

    print_table([import_flan(path, user_catalog())], json)


@importing.command("natural-instructions")
def natural_instructions(
    path: Annotated[Path, typer.Argument(help="a folder of task files, v1 or Super-NaturalInstructions")],
    name: Annotated[str | None, typer.Option("--name", help="of the collection; the folder's when absent")] = None,
    splits: Annotated[
        Path | None, typer.Option("--splits", help="folder of the lists, test_tasks.txt and so on")
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="leave faulty files out, and say which")] = False,
    json: Json = False,
) -> None:
    """The task files of Natural Instructions, as one collection; they stay where they are."""
    from unseen.data.places import user_catalog
    from unseen.progress import say
    from unseen.reporting.terminal import print_table
    from unseen.task.import_collection import import_collection

    summary, left_out = import_collection(path, user_catalog(), name, splits, skip_bad)
    for mistake in left_out:
        say(f"left out: {mistake}")
    print_table([summary], json)
