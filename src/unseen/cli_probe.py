"""`unseen probe ...`: what diverse data and many wordings do inside a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from unseen.errors import UserMistake, nearest
from unseen.recipe import AskedWording

if TYPE_CHECKING:
    from unseen.probe.kept import Kept
    from unseen.recipe import Recipe
    from unseen.reporting.probes.told import Told

probing = typer.Typer(
    help="Measure what diverse data and many wordings do inside a model (DELIA).", rich_markup_mode=None
)

Out = Annotated[Path | None, typer.Option("--out", help="folder to write to; probes/NAME when absent")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="of the rows and answers that are drawn")]
Tokens = Annotated[int | None, typer.Option("--max-new-tokens", min=1, help="of an answer; the recipe's when absent")]


@probing.command()
def representation(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="folders of unseen tune; seeds are one curve")],
    token: Annotated[
        str | None, typer.Option("--token", help="of the runs' recipe; may be left out where one is")
    ] = None,
    word: Annotated[
        list[str] | None, typer.Option("--word", help="a key word of its description; can be given again")
    ] = None,
    layer: Annotated[
        list[int] | None, typer.Option("--layer", help="0 is the input embedding; can be given again")
    ] = None,
    against: Annotated[
        Literal["rows", "steps"], typer.Option("--against", help="rows tuned on, or steps with a checkpoint")
    ] = "rows",
    rows: Annotated[int, typer.Option("--rows", min=1, help="of each task, to read the token in")] = 32,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """How near a new token came to the key words of its description."""
    from unseen.reporting.probes.representation import told_representation
    from unseen.study.probes.representation import RepresentationAsked, probe_representation

    asked = RepresentationAsked(
        tuple(runs), token, tuple(word or ()), tuple(dict.fromkeys(layer or (0,))), against, rows, seed
    )
    folder, kept = _opened(out, "representation")
    _write(folder, kept, told_representation(probe_representation(asked, kept)))


@probing.command()
def buffering(
    recipe: Annotated[Path, typer.Argument(help="a recipe with diverse data and wordings, or the folder of a run")],
    tuned: Annotated[
        Path | None, typer.Option("--tuned", metavar="RUN", help="a run of the task, to see what it did")
    ] = None,
    ratio: Annotated[
        list[float] | None, typer.Option("--ratio", min=0, help="diverse items a row; can be given again")
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=0, help="of tuning on diverse data alone; 0 for none")] = 20,
    rows: Annotated[int, typer.Option("--rows", min=4, help="of the task, of diverse data and of prompts")] = 64,
    max_new_tokens: Annotated[int, typer.Option("--max-new-tokens", min=1, help="of an answer")] = 64,
    seed: Seed = 0,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="override one value of the recipe")
    ] = None,
    out: Out = None,
) -> None:
    """What diverse data does to gradients, parameters and answers, alone and beside the task."""
    from unseen.reporting.probes.buffering import told_buffering
    from unseen.study.probes.buffering import RATIOS, BufferingAsked, probe_buffering

    asked = BufferingAsked(
        _recipe(recipe, set_ or ()), tuned, rows, tuple(ratio or RATIOS), steps, max_new_tokens, seed
    )
    folder, kept = _opened(out, "buffering")
    _write(folder, kept, told_buffering(probe_buffering(asked, folder, kept)))


@probing.command()
def divergence(
    narrow: Annotated[Path, typer.Option("--narrow", metavar="RUN", help="tuned on one wording")],
    broad: Annotated[Path, typer.Option("--broad", metavar="RUN", help="tuned on many wordings")],
    general: Annotated[
        str | None, typer.Option("--general", metavar="MODEL", help="the general model; the runs' start when absent")
    ] = None,
    tasks: Annotated[
        list[str] | None, typer.Option("--tasks", help="globs over the runs' tasks; the seen ones when absent")
    ] = None,
    wordings: Annotated[
        list[str] | None, typer.Option("--wordings", help="kinds asked in; the recipe's when absent")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, help="of each task, that nothing was tuned on")] = 64,
    draws: Annotated[int, typer.Option("--draws", min=1, help="answers to each row")] = 1,
    max_new_tokens: Tokens = None,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Whether one wording takes a model farther from the general one than many do."""
    from unseen.reporting.probes.divergence import told_divergence
    from unseen.study.probes.divergence import DivergenceAsked, probe_divergence

    asked = DivergenceAsked(
        narrow, broad, general, tuple(tasks or ()), _wordings(wordings or ()), rows, draws, max_new_tokens, seed
    )
    folder, kept = _opened(out, "divergence")
    _write(folder, kept, told_divergence(probe_divergence(asked, kept)))


@probing.command()
def report(
    place: Annotated[Path, typer.Argument(metavar="DIR", help="the folder of a probe")],
    out: Annotated[Path | None, typer.Option("--out", help="file to write to; page.html in the folder if none")] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="html|md|png", help="a page, its sentence and table, or its figures")
    ] = "html",
) -> None:
    """A probe's page again, as Markdown, or as pictures."""
    from unseen.reporting.formats import require_format
    from unseen.reporting.probes.written import probe_report

    print(probe_report(place, out=out, format=require_format(format_)))


def _wordings(kinds: Sequence[str]) -> tuple[AskedWording, ...]:
    known: dict[str, AskedWording] = {kind: kind for kind in get_args(AskedWording)}
    for kind in kinds:
        if kind not in known:
            raise UserMistake("--wordings", f"there is no kind '{kind}'", nearest(kind, known, "kinds"))
    return tuple(known[kind] for kind in kinds)


def _recipe(path: Path, overrides: Sequence[str]) -> Recipe:
    """Of a file, or of a run's folder."""
    from unseen.recipe import load_recipe

    if not path.is_dir():
        return load_recipe(path, overrides)
    from unseen.study.probes.runs import recipe_of_run

    return recipe_of_run(path, overrides)


def _opened(out: Path | None, name: str) -> tuple[Path, Kept]:
    """The folder to write to, which holds nothing else than a probe, with what it keeps of the steps done before."""
    from unseen.probe.kept import STEPS, Kept

    folder = Path("probes") / name if out is None else out
    if folder.is_dir() and any(folder.iterdir()) and not (folder / STEPS).is_file():
        raise UserMistake(str(folder), "holds something else than a probe", "name another folder with --out")
    return folder, Kept(folder)


def _write(folder: Path, kept: Kept, told: Told) -> None:
    from unseen.progress import say
    from unseen.reporting.numbers import counted
    from unseen.reporting.probes.written import write_probe

    page = write_probe(folder, told)
    print(told.sentence)
    if kept.reused:
        say(f"{counted(kept.reused, 'step')} were kept already, and not done again")
    say(f"page: {page}")
