"""The command line: parses, calls, prints. Exit 0 done, 1 the job failed, 2 the user's mistake."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from unseen.cli_chat import chat
from unseen.cli_diversify import diversifying
from unseen.cli_import import importing
from unseen.cli_options import Catalogs, Json, Out, Set
from unseen.cli_probe import probing
from unseen.cli_push import push
from unseen.cli_studio import studio
from unseen.cli_study import studying
from unseen.cli_tasks import list_, render, show
from unseen.errors import JobFailed, ProcessLost, UnseenError, UserMistake, one_line
from unseen.launch import leads, leave, tell, tell_if_silent

app = typer.Typer(
    help="Instruction tuning that is measured on what the model has not seen.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(importing, name="import")
app.add_typer(studying, name="study")
app.add_typer(diversifying, name="diversify")
app.add_typer(probing, name="probe")


@app.callback(invoke_without_command=True)
def _unseen(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="of unseen and of the packages that it rests on")] = False,
) -> None:
    if version:
        from unseen.study.fingerprint import versions

        print("\n".join(f"{name} {each}" for name, each in versions().items()))
        raise typer.Exit()
    _help_alone(context)


@importing.callback(invoke_without_command=True)
@studying.callback(invoke_without_command=True)
@diversifying.callback(invoke_without_command=True)
@probing.callback(invoke_without_command=True)
def _help_alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(2)


@app.command()
def demo(
    out: Out = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on where a killed run stopped")] = False,
    set_: Set = None,
    page: Annotated[
        str, typer.Option("--page", metavar="both|tasks|wordings", help="unseen tasks, unseen wordings, or one of them")
    ] = "both",
) -> None:
    """The main job on the default model, end to end, and then a task that is learned from sixty rows."""
    from unseen.data.places import shipped_catalog

    if page not in ("both", "tasks", "wordings"):
        raise UserMistake("--page", f"there is no page '{page}'", "write both, tasks or wordings")
    if page != "wordings":
        tune(shipped_catalog() / "recipes" / "demo.yaml", False, out, set_, resume)
    if page != "tasks":
        _demo_wordings(out and out.with_name(f"{out.name}-wordings"))


def _demo_wordings(out: Path | None) -> None:
    """A study of minutes: one wording, many, and DELIA, asked in wordings that none of them saw."""
    from unseen.reporting.study_page import study_report
    from unseen.study.find import find_study
    from unseen.study.study_file import load_study
    from unseen.study.study_run import run_study

    done = run_study(load_study(find_study("delia_ablation"), "demo"), out)
    print(study_report(done.folder))
    if done.failed or done.left:
        unfinished = ", ".join((*done.failed, *done.left))
        raise JobFailed(f"arms are not finished: {unfinished}; the same command tries them again")


app.command("list")(list_)
app.command()(show)
app.command()(render)
app.command()(studio)
app.command()(chat)


@app.command()
def tune(
    recipe: Annotated[Path, typer.Argument(help="a recipe file")],
    plan: Annotated[bool, typer.Option("--plan", help="a dry run: lengths, cuts, steps, estimated time")] = False,
    out: Out = None,
    set_: Set = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on where a killed run stopped")] = False,
    json: Json = False,
) -> None:
    """Tune, evaluate base and tuned, report."""
    from unseen.recipe import load_recipe

    settings = load_recipe(recipe, set_ or ())
    if plan and not leads():
        return
    if plan:
        from unseen.reporting.planning import print_plan
        from unseen.study.plan import plan as make_plan

        print_plan(make_plan(settings), json)
        return
    from unseen.reporting.page import report as write_report
    from unseen.reporting.terminal import print_scores
    from unseen.study.run import tune as run_recipe

    done = run_recipe(settings, out=out, resume=resume)
    if not leads():
        return
    page = write_report([done.folder])
    print_scores(done.folder, json)
    print(f"report: {page}", file=sys.stderr)


@app.command()
def evaluate(
    recipe: Annotated[Path | None, typer.Argument(help="a recipe: asks the model that it names")] = None,
    model: Annotated[str | None, typer.Option("--model", help="a model, or the folder of a run")] = None,
    tasks: Annotated[list[str] | None, typer.Option("--tasks", help="globs over cluster/dataset")] = None,
    shots: Annotated[
        list[str] | None, typer.Option("--shots", help="exemplars in each prompt: a number, zero, one or few")
    ] = None,
    rows: Annotated[int | None, typer.Option("--rows-per-task", min=1, help="rows of each task")] = None,
    out: Out = None,
    catalog: Catalogs = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Ask a model the tasks of a recipe, or any tasks."""
    from unseen.reporting.page import report as write_report
    from unseen.reporting.terminal import print_scores
    from unseen.study.adhoc import asking_recipe
    from unseen.study.run import evaluate as ask_recipe

    settings = asking_recipe(recipe, model, tasks or (), shots or (), rows, catalog or (), set_ or ())
    done = ask_recipe(settings, out=out)
    if not leads():
        return
    page = write_report([done.folder])
    print_scores(done.folder, json)
    print(f"report: {page}", file=sys.stderr)


@app.command()
def export(
    model: Annotated[str, typer.Argument(metavar="RUN", help="the folder of a run, or any model")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="folder to write; it must not hold anything")],
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="run Python code that comes with the model")
    ] = False,
) -> None:
    """A tuned model as a plain folder for transformers: adapter merged, new tokens in place."""
    from unseen.model.export import export_merged

    print(export_merged(model, folder, trust_remote_code))


@app.command()
def score(
    metric: Annotated[str, typer.Option("--metric", help="one of docs/evaluation.md: accuracy, f1, rouge_l ...")],
    predictions: Annotated[Path, typer.Option("--predictions", help="JSON lines: prediction, references, group")],
    json: Json = False,
) -> None:
    """Judge predictions made elsewhere."""
    from unseen.evaluation.score import score_file
    from unseen.reporting.terminal import print_score_table

    print_score_table(score_file(metric, predictions).to_json(), json)


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="run folders")],
    without_rows: Annotated[bool, typer.Option("--without-rows", help="ids, hashes and scores only")] = False,
    out: Out = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="html|md|png", help="a page, its tables without rows, or its figures")
    ] = "html",
) -> None:
    """One page from one run, or a comparison of several."""
    from unseen.reporting.formats import require_format
    from unseen.reporting.page import report as write_report

    print(write_report(runs, with_rows=not without_rows, out=out, format=require_format(format_)))


app.command()(push)


@app.command()
def verify(
    place: Annotated[Path, typer.Argument(metavar="RUN", help="the folder of a run or a study, or a study's page")],
    skip: Annotated[list[str] | None, typer.Option("--skip", help="leave out: model, answers or replay")] = None,
    json: Json = False,
) -> None:
    """Do a run's work again where it can be, and compare: rows, split, scores, answers, steps."""
    from unseen.reporting.verifying import print_checks
    from unseen.study.verify.place import verify as verify_place

    if not print_checks(verify_place(place, _skipped(skip or ())), json):
        raise typer.Exit(1)


def _skipped(names: Sequence[str]) -> Sequence[str]:
    """What `--skip` may name."""
    from unseen.study.verify.whole import SKIPPABLE

    for name in names:
        if name not in SKIPPABLE:
            raise UserMistake("--skip", f"'{name}' cannot be left out", f"leave out {' or '.join(SKIPPABLE)}")
    return names


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code. Mistakes go to stderr, one line each, without a traceback; of several processes
    that `torchrun` started, the first to meet a mistake tells it."""
    try:
        if arguments and arguments[0] not in TOGETHER and not leads():
            return 0
        status = app(list(arguments), prog_name="unseen", standalone_mode=False)
        if status == INTERRUPTED:  # what typer makes of Ctrl-C
            raise KeyboardInterrupt
        return status if isinstance(status, int) else 0
    except UserMistake as mistake:
        for line in mistake.lines:
            tell(f"unseen: {line}")
        return 2
    except ProcessLost as loss:
        tell_if_silent(f"unseen: {one_line(str(loss))}")
        return 1
    except JobFailed as failure:
        tell(f"unseen: {one_line(str(failure))}")
        return 1
    except UnseenError as error:
        tell(f"unseen: {one_line(str(error))}")
        return 1
    except typer.TyperException as usage:
        tell(f"unseen: {one_line(_usage(usage))}")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        again = "--resume" if arguments and arguments[0] in TOGETHER else "the same command again"
        tell(f"unseen: interrupted; {again} goes on")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        tell(f"unseen: {one_line(f'{place}{error.strerror or error}')}")
        return 1 if error.errno in MACHINE_FAILED else 2


INTERRUPTED = 130
TOGETHER = ("demo", "tune", "evaluate")  # what several processes do together; anything else is done by the first
# Not the user's mistake: the disk is full or broken, memory or file handles ran out.
MACHINE_FAILED = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "unseen"
    return f"{error.format_message().removesuffix('.')}; see {command} --help"


def main() -> None:
    # Read by OpenMP when torch is loaded: waiting threads sleep. On shared cores the same products were 3 to 4 times
    # slower with spinning ones, on free cores no faster.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    leave(run(sys.argv[1:]))
