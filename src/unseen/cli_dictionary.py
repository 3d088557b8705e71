"""`unseen diversify dictionary`: words with their senses, for hints behind prompts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unseen.errors import UserMistake

if TYPE_CHECKING:
    from unseen.task.task import Task


def dictionary(
    task: Annotated[str, typer.Argument(metavar="TASK", help="cluster/dataset, whose train rows are read")],
    out: Annotated[Path, typer.Option("--out", help="file to write to")],
    source: Annotated[str, typer.Option("--source", help="the column that is translated")] = "text",
    target: Annotated[str, typer.Option("--target", help="the column of its translation")] = "translation",
    least: Annotated[
        float, typer.Option("--least", min=0.0, max=1.0, help="probability of a sense, in each direction")
    ] = 0.3,
) -> None:
    """Words of a task's train rows with their senses, by IBM model 1; no model is needed."""
    from unseen.diversify.dictionary import make_dictionary
    from unseen.progress import say
    from unseen.prompt.dictionary import write_dictionary

    if out.exists():
        raise UserMistake(str(out), "is there already, and may have been edited", "name another file, or remove it")
    made = make_dictionary(_task(task), source, target, least)
    out.parent.mkdir(parents=True, exist_ok=True)
    told = (
        f"{made.pairs} pairs of texts out of {made.rows} rows; {made.also_asked} rows left out, as they are asked too"
    )
    command = f"unseen diversify dictionary {task} --source {source} --target {target} --least {least}"
    write_dictionary(made.dictionary, out, f"{command} ({told})")
    print(f"{len(made.dictionary.entries)} words with senses, {made.without_sense} without: {out}")
    say(told)


def _task(name: str) -> Task:
    from unseen.task.catalog import load_catalog

    found = load_catalog(("shipped", "data", "user")).match([name])
    if len(found) != 1:
        raise UserMistake(name, f"is {len(found)} tasks", "name one task")
    return found[0]
