"""`unseen list`, `show` and `render`: tasks and their rows looked at, without a model in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unseen.cli_options import Catalogs, Json, Out
from unseen.errors import UserMistake
from unseen.recipe import Wording

if TYPE_CHECKING:
    from unseen.task.task import Task


def list_(
    what: Annotated[str, typer.Argument(help="tasks, datasets, templates, lists, models, recipes or studies")],
    pattern: Annotated[
        str | None, typer.Argument(help="a glob over cluster/dataset, or list:NAME: only what it matches")
    ] = None,
    catalog: Catalogs = None,
    json: Json = False,
) -> None:
    """What there is: tasks, datasets, templates, official lists, models, recipes, studies."""
    from unseen.reporting.listing import listing
    from unseen.reporting.terminal import print_table

    print_table(listing(what, catalog or ("shipped", "data", "user"), pattern), json)


def show(
    task: Annotated[str, typer.Argument(help="a task, as `unseen list tasks` names it")],
    template: Annotated[str | None, typer.Option("--template", help="only this template")] = None,
    row: Annotated[int, typer.Option("--row", min=0, help="record number in its file")] = 0,
    rows: Annotated[int, typer.Option("--rows", min=1, help="so many rows from --row on")] = 1,
    shots: Annotated[int, typer.Option("--shots", min=0, help="exemplars in each prompt")] = 0,
    wording: Annotated[
        Wording, typer.Option("--wording", help="what of the templates' own words is kept")
    ] = "instructions",
    formats: Annotated[int, typer.Option("--formats", min=0, help="so many formats in place of the templates")] = 0,
    tokens: Annotated[
        bool, typer.Option("--tokens", help="the tokens, supervised ones in colour, and what options and rows share")
    ] = False,
    model: Annotated[str, typer.Option("--model", help="whose tokens")] = "smollm2-135m-instruct",
    catalog: Catalogs = None,
    json: Json = False,
) -> None:
    """A task as the model sees it, in colour."""
    from unseen.reporting.showing import View, show_spans, show_tokens

    found, view = task_named(task, catalog), View(template, row, rows, shots, wording, formats)
    if tokens:
        show_tokens(found, view, model, json)
    else:
        show_spans(found, view, json)


def render(
    task: Annotated[str | None, typer.Argument(help="a task of the catalog")] = None,
    rows: Annotated[Path | None, typer.Option("--rows", help="a file of rows, instead of a task")] = None,
    templates: Annotated[Path | None, typer.Option("--templates", help="a file of ours or a templates.yaml")] = None,
    truncate_chars: Annotated[
        int | None, typer.Option("--truncate-chars", min=1, help="cut every field at so many characters")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="list every mistake, write nothing")] = False,
    out: Out = None,
    catalog: Catalogs = None,
) -> None:
    """Rows through templates, as JSON lines."""
    from unseen.reporting.rendering import check_source, file_source, task_source, write_rendered

    if task and not rows and not templates:
        source = task_source(task_named(task, catalog))
    elif rows and templates and not task:
        source = file_source(rows, templates)
    else:
        raise UserMistake("render", "name a task, or --rows FILE with --templates FILE", "see unseen render --help")
    if check:
        check_source(source)
    else:
        write_rendered(source, out, truncate_chars)


def task_named(name: str, catalogs: Sequence[str] | None) -> Task:
    """The one task that `name` means."""
    from unseen.task.catalog import load_catalog

    found = load_catalog(catalogs or ("shipped", "data", "user")).match([name])
    if len(found) > 1:
        raise UserMistake(name, f"names {len(found)} tasks", f"choose one, for example {found[0].name}")
    return found[0]
