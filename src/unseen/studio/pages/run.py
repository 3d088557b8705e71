"""One run: how far it is, its curves as they grow, its scores, its recipe, and its report in a frame of its own."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from urllib.parse import urlencode

from starlette.routing import Route

from unseen.errors import DataMistake
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, duration, whole
from unseen.reporting.run_data import RunData, RunRecord, checked_record, load_facts
from unseen.reporting.sections.differences import differences_section
from unseen.reporting.sections.made import flat
from unseen.reporting.sections.scores import scores_section
from unseen.reporting.tables import Column, folded, table
from unseen.studio.frame import Page, filled, joined_lines, note
from unseen.studio.pages.run_progress import progress, progress_stream
from unseen.studio.pages.run_tasks import run_tasks
from unseen.studio.pages.run_verdict import MANY, run_verdict, verdict_shown
from unseen.studio.pages.runs import STYLES, run_path
from unseen.studio.pages.study import study
from unseen.studio.reply import Shown, Values, shows
from unseen.studio.run_folders import folder_at, is_study, job_in, state_of
from unseen.studio.sandboxed import page_in, sandboxed
from unseen.studio.turned import turned_note
from unseen.studio.workspace import Workspace
from unseen.study.record import read_record

REASONS = 4  # why rows were left out, that are told at once
UNSCRIPTED = (
    "It is shown without its script, since a run folder may come from elsewhere: its tables do not sort by their "
    "heads, and a link to something folded does not open it. In a tab of its own: "
)


def routes() -> list[Route]:
    return [
        Route("/runs/{path:path}", shows(run_or_study)),
        Route("/run-progress/{path:path}", shows(progress_stream)),
        Route("/run-verdict/{path:path}", shows(run_verdict)),
        Route("/run-tasks/{path:path}", shows(run_tasks)),
        Route("/run-scores/{path:path}", shows(scores)),
        Route("/run-report/{path:path}", shows(report)),
    ]


def run_or_study(workspace: Workspace, values: Values) -> Shown:
    folder = folder_at(workspace, values["path"])
    return study(workspace, values) if is_study(folder) else run(workspace, values)


def run(workspace: Workspace, values: Values) -> Shown:
    """The page of one run; it goes on by itself while the run does."""
    path = values["path"]
    folder = folder_at(workspace, path)
    record = checked_record(folder)
    going = state_of(folder, read_record(folder)) == "running"
    live = run_path(path, "run-progress") if going else None
    parts = [
        verdict_shown(workspace, path, record),
        _report(path, folder, record),
        tag("div", progress(workspace, folder), id="progress", data_stream=live),
        _controls(folder, going),
        _warnings(path, record),
        _links(path, folder),
        filled(run_path(path, "run-scores"), "Reading the scores …") if record.summary else None,
        _recipe(record),
        _facts(folder, record),
    ]
    return Page(f"{record.name} {record.fingerprint[:8]}", "/runs", joined(*parts), wide=True, styles=STYLES)


def _warnings(path: str, record: RunRecord) -> Markup | None:
    """What must be known beside the verdict, and, where there is none yet, what it will warn of."""
    void = [task for task, on in record.model.conflicts.items() if not isinstance(on, str)]
    lines = []
    if void and not record.finished:
        lines.append(f"Void: the start model was tuned on {', '.join(void[:5])}{' …' if len(void) > 5 else ''} before.")
    if "unknown" in record.model.conflicts.values() and not record.finished:
        lines.append("Nobody says what the start model was instruction-tuned on: its unseen tasks may not be unseen.")
    left_out = _left_out(path, record) if record.left_out else None
    return note("warn", joined_lines(tuple(lines)), left_out) if lines or left_out else None


def _left_out(path: str, record: RunRecord) -> Markup:
    """What was not asked, why, and the way to the report's list of it."""
    reasons = sorted(record.left_out.items(), key=lambda each: -each[1])
    told = "; ".join(f"{name} {whole(number)}" for name, number in reasons[:REASONS])
    more = f"; and {counted(len(reasons) - REASONS, 'more reason')}" if len(reasons) > REASONS else ""
    report = run_path(path, "run-report") + "#left-out"
    link = tag("a", "What was left out, in the report", href=report, target="_blank", rel="noopener")
    many = whole(sum(record.left_out.values()))
    return tag("p", f"{many} rows or answers were left out ({told}{more}). ", link)


def _controls(folder: Path, going: bool) -> Markup | None:
    """Stop or resume a run that the studio started, and what it says."""
    job = job_in(folder)
    if job is None:
        return None
    at = f"/start/jobs/{job.name}"
    log = tag("a", "What it says", href=at, class_="button")
    if going:
        stop = tag(
            "button", "Stop", data_sure="Stop this run? It can be resumed from its last checkpoint, if it has one."
        )
        return tag("div", tag("form", stop, action=f"{at}/stop", method="post"), log, class_="bar")
    if read_record(folder).get("finished"):
        return tag("div", log, class_="bar")
    resume = tag("form", tag("button", "Resume", class_="main"), action=f"{at}/resume", method="post")
    return tag("div", resume, log, class_="bar")


def _links(path: str, folder: Path) -> Markup:
    there = (folder / "predictions.parquet").is_file() or (folder / "predictions.parquet.parts").is_dir()
    links: list[Child] = [tag("a", "Predictions", href=run_path(path, "predictions"), data_key="p")] if there else []
    if (folder / "model").is_dir():
        links.append(tag("a", "Ask its model", href=f"/ask?{urlencode({'run': path})}"))
    links.append(tag("a", "All runs", href="/runs"))
    return tag("p", *(joined(link, " ") for link in links), class_="paging")


def scores(workspace: Workspace, values: Values) -> Shown:
    """The scores of the report, without reading the predictions."""
    path = values["path"]
    run = load_facts(folder_at(workspace, path))
    shown = [each for each in (differences_section(run), scores_section(run)) if each is not None]
    body = tag("div", *(shown or [tag("p", "It has no scores by task.", class_="nothing")]))
    return Page(f"Scores of {path}", "/runs", body, wide=True, styles=STYLES)


def _recipe(record: RunRecord) -> Markup:
    rows = [(key, value) for key, value in flat(record.recipe).items()]
    shown = table([Column("key"), Column("value")], rows, "The recipe with every default")
    return folded(f"Recipe ({counted(len(rows), 'value')})", shown)


def _facts(folder: Path, record: RunRecord) -> Markup:
    counts = record.counts
    facts: dict[str, str] = {
        "Folder": str(folder),
        "Command": record.command,
        "Begun": record.started,
        "Finished": record.finished or "not yet",
        "Model": f"{record.model.name} ({record.model.digest[:16]})",
        "Seen tasks": _some(record.tasks.seen),
        "Unseen tasks": _some(record.tasks.unseen),
        "Examples": counted(counts.examples, "example") if counts else "",
        "Left out for length": whole(counts.too_long) if counts and counts.too_long else "",
        "Time": ", ".join(f"{name} {duration(each)}" for name, each in record.seconds.items() if isfinite(each)),
        "Fingerprint": record.fingerprint,
    }
    pairs = [joined(tag("dt", name), tag("dd", said)) for name, said in facts.items() if said]
    told = turned_note(record.tasks.seen)
    return joined(tag("h2", "The record"), tag("dl", *pairs, class_="facts"), told)


def _some(names: tuple[str, ...], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}" if names else "none"


def _report(path: str, folder: Path, record: RunRecord) -> Markup | None:
    """The report, in a frame that is opened: browsers paint nothing of a frame of another origin that was never in
    view, so an open one was a blank box in pictures of the whole page."""
    there = (folder / "report.html").is_file()
    if not there and not record.summary:
        return None
    at = run_path(path, "run-report")
    alone = tag("a", "open it alone", href=at, target="_blank", rel="noopener")
    frame = tag("iframe", src=at, title="The report of this run", loading="lazy", sandbox="")
    made = None if there else " It is made now: the frame is empty for some seconds."
    told = tag("p", UNSCRIPTED, alone, ".", made)
    return folded("Show the report here", told, tag("div", frame, class_="embedded"))


def report(workspace: Workspace, values: Values) -> Shown:
    """The page that lies in the folder, else one that is made now."""
    folder = folder_at(workspace, values["path"])
    return sandboxed(page_in(folder) or _page_of(folder))


def _page_of(folder: Path) -> str:
    from unseen.reporting.page import run_page
    from unseen.reporting.run_data import load_run

    run: RunData = load_facts(folder)
    if run.record.summary and run.record.summary.predictions > MANY:
        what = f"has no report yet, and {whole(run.record.summary.predictions)} predictions"
        raise DataMistake(str(folder), what, f"write it with unseen report {folder}")
    return run_page(load_run(folder))
