"""`unseen study ...`: plan, run and look at studies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from unseen.study.study_file import Study

studying = typer.Typer(help="Ask a question of a paper again, with intervals.", rich_markup_mode=None)

Named = Annotated[str, typer.Argument(metavar="STUDY", help="a study file, or one that `unseen list studies` names")]
Size = Annotated[str, typer.Option("--size", help="a size that the file has; full is the file as it stands")]
Out = Annotated[Path | None, typer.Option("--out", help="folder of the study")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="arms at a time")]
Reuse = Annotated[
    list[Path] | None, typer.Option("--reuse", metavar="DIR", help="take over runs and tuned models from there")
]
Json = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]


@studying.command()
def plan(
    study: Named,
    size: Size = "full",
    pilot: Annotated[bool, typer.Option("--pilot", help="run two arms with two seeds at the smoke size first")] = False,
    from_: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="take a study's folder as the pilot")
    ] = None,
    workers: Workers = None,
    reuse: Reuse = None,
    json: Json = False,
) -> None:
    """What the arms would cost here, beside the budget; with a pilot, what they would show and decide."""
    from unseen.reporting.study_tables import print_study_plan
    from unseen.study.pilot import run_pilot
    from unseen.study.study_plan import plan_study

    settled = _study(study, size)
    found = run_pilot(settled, workers) if pilot else from_
    print_study_plan(plan_study(settled, found, workers, reuse or ()), json)


@studying.command("run")
def run_(
    study: Named,
    size: Size = "full",
    out: Out = None,
    arms: Annotated[list[str] | None, typer.Option("--arms", help="only this arm; can be given again")] = None,
    workers: Workers = None,
    ray: Annotated[str | None, typer.Option("--ray", metavar="ADDRESS", help="on the Ray cluster there")] = None,
    reuse: Reuse = None,
    json: Json = False,
) -> None:
    """Run the arms that are not finished; each goes on where it stopped."""
    from unseen.errors import JobFailed
    from unseen.reporting.study_tables import print_standing
    from unseen.study.study_run import run_study

    done = run_study(_study(study, size), out, arms or (), workers, ray, reuse or ())
    print_standing(done.study, done.folder, json)
    if done.failed:
        raise JobFailed(f"{len(done.failed)} arms failed: {', '.join(done.failed)}; the same command tries them again")
    if done.left:
        raise JobFailed(f"{len(done.left)} arms are not finished: {', '.join(done.left)}; see unseen study status")


@studying.command()
def status(
    study: Annotated[str, typer.Argument(metavar="STUDY|DIR", help="a study, or the folder of one")],
    size: Size = "full",
    out: Out = None,
    json: Json = False,
) -> None:
    """How far each arm is."""
    from unseen.reporting.study_tables import print_standing
    from unseen.study.run_folder import RUNS
    from unseen.study.study_folder import refreshed

    folder = out or (Path(study) if Path(study).is_dir() else RUNS / _study(study, size).folder_name)
    print_standing(refreshed(folder), folder, json)


@studying.command()
def report(
    place: Annotated[Path, typer.Argument(metavar="DIR", help="the folder of a study")],
    out: Annotated[
        Path | None, typer.Option("--out", help="file to write to; report.html in the folder if none")
    ] = None,
    without_rows: Annotated[
        bool, typer.Option("--without-rows", help="a page to publish alone: no links into the folder")
    ] = False,
    format_: Annotated[
        str, typer.Option("--format", metavar="html|md|png", help="a page, its verdict and table, or its figures")
    ] = "html",
    json: Json = False,
) -> None:
    """The verdict beside the paper's finding, then every number."""
    from unseen.reporting.formats import require_format
    from unseen.reporting.study_page import study_json, study_report

    format = require_format(format_)
    if json:
        print(study_json(place))
    else:
        print(study_report(place, with_rows=not without_rows, out=out, format=format))


def _study(name: str, size: str) -> Study:
    from unseen.study.find import find_study
    from unseen.study.study_file import load_study

    return load_study(find_study(name), size)
