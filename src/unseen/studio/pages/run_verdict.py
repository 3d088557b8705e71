"""The verdict of a finished run and what must be known of it, made of the same values as its report; and the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted
from unseen.reporting.run_data import RunData, RunRecord, checked_record, load_run
from unseen.reporting.sections.verdict import caveats, verdict
from unseen.studio.frame import Page, filled, note
from unseen.studio.pages.run_tasks import tasks_shown
from unseen.studio.pages.runs import STYLES, run_path
from unseen.studio.reply import Shown, Values
from unseen.studio.run_folders import folder_at
from unseen.studio.workspace import Workspace, stamp_of

MANY = 50_000  # predictions from which a report is not made only to be looked at


def verdict_shown(workspace: Workspace, path: str, record: RunRecord) -> Markup | None:
    """What stands at the top of the page of a run, with the scores of each task; nothing before the run is finished."""
    if not record.finished or record.summary is None:
        return None
    folder, report = folder_at(workspace, path), run_path(path, "run-report")
    whole = tag("a", "Open the whole report", href=report, target="_blank", rel="noopener", class_="button")
    run = RunData(folder, record, (), (), record.summary.across, (), ())
    if run.void:
        found = filled(run_path(path, "run-verdict"), "Computing the means without the void tasks …")
    else:
        found = verdict(run, report)
    return joined(found, tasks_shown(workspace, path, record), tag("p", whole))


def run_verdict(workspace: Workspace, values: Values) -> Shown:
    """The verdict of a run some of whose tasks are void: its means are taken anew, from the predictions."""
    path = values["path"]
    folder = folder_at(workspace, path)
    stamp = tuple(stamp_of(folder / name) for name in ("record.json", "predictions.parquet"))
    made: Markup = workspace.kept(("verdict", str(folder)), stamp, lambda: _without_void(path, folder))
    return Page(f"Verdict of {path}", "/runs", made, wide=True, styles=STYLES)


def _without_void(path: str, folder: Path) -> Markup:
    record, report = checked_record(folder), run_path(path, "run-report")
    if record.summary and record.summary.predictions > MANY:
        run = RunData(folder, record, (), (), (), (), ())
        items = [tag("li", each) for each in caveats(run, (), report)]
        many = f"It has {counted(record.summary.predictions, 'prediction')}: the means without void tasks are"
        return joined(note("warn", f"{many} written by unseen report {folder}."), tag("ul", *items, class_="caveats"))
    return verdict(replace(load_run(folder), predictions=()), report)
