"""One run: how far it is, its curves as they grow, its scores, its recipe, and its report in a frame of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from math import isfinite
from pathlib import Path
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from unseen.errors import DataMistake, UnseenError, UserMistake
from unseen.reporting.figures.curve import SMOOTH_FROM, Line, line_chart, loss_chart
from unseen.reporting.findings import headline
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, duration, plain, whole
from unseen.reporting.run_data import RunData, RunRecord, checked_record, load_facts
from unseen.reporting.sections.differences import differences_section
from unseen.reporting.sections.made import flat
from unseen.reporting.sections.scores import scores_section
from unseen.reporting.tables import Column, folded, table
from unseen.studio.frame import Page, joined_lines, note
from unseen.studio.pages.runs import STYLES, run_path, state_shown
from unseen.studio.pages.study import study
from unseen.studio.reply import Shown, Values, mistaken, shows
from unseen.studio.run_folders import folder_at, is_study, last_written, state_of
from unseen.studio.sandboxed import page_in, sandboxed
from unseen.studio.step_curves import Curves, curves_of
from unseen.studio.workspace import Workspace
from unseen.study.arm_progress import planned_steps
from unseen.study.record import read_record

LOOK_EVERY = 1.0  # seconds
ALIVE_EVERY = 15.0  # seconds after which a stream says something, so that a reader who left is noticed
MANY = 50_000  # predictions from which a report is not made only to be looked at


def routes() -> list[Route]:
    return [
        Route("/runs/{path:path}", shows(run_or_study)),
        Route("/run-progress/{path:path}", progress_stream),
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
        tag("div", _progress(workspace, folder), id="progress", data_stream=live),
        _warnings(record),
        _links(path, folder),
        tag("div", tag("p", "Reading the scores …", class_="faint"), data_fill=run_path(path, "run-scores"))
        if record.summary
        else None,
        _recipe(record),
        _facts(folder, record),
        _report(path, folder, record),
    ]
    return Page(f"{record.name} {record.fingerprint[:8]}", "/runs", joined(*parts), wide=True, styles=STYLES)


def _progress(workspace: Workspace, folder: Path) -> Markup:
    """How far it is, and the curves: what a stream sends again and again, bounded whatever the number of steps."""
    raw, curves = read_record(folder), curves_of(workspace, folder)
    state, planned, done = state_of(folder, raw), planned_steps(raw), len(curves.steps)
    steps = f"{whole(done)} of {counted(planned, 'step')}" if planned else counted(done, "step")
    bar = tag("progress", value=done, max=planned, aria_label=steps) if planned and state != "done" else None
    told = tag("p", state_shown(state), f" · {steps}", _pace(curves, state, planned), class_="standing")
    quiet = _quiet(folder) if state == "stopped" else None
    return joined(told, bar, quiet, _left_out(curves), _curves(curves))


def _pace(curves: Curves, state: str, planned: int) -> str:
    rate, done = curves.rate, len(curves.steps)
    if rate is None:
        return "" if state == "done" else " · no step yet: it reads its rows, or asks the model as it is before tuning"
    told = f" · {rate:.2g} s a step · epoch {plain(curves.epoch, 2)} · {whole(curves.tokens)} supervised tokens"
    if state != "running":
        return told
    left = max(0, planned - done)
    return told + (f" · about {duration(rate * left)} of tuning left" if left else " · tuned; it asks the tuned model")


def _quiet(folder: Path) -> Markup:
    ago = duration(max(0.0, time.time() - last_written(folder)))
    again = "The same command with --resume goes on from its last checkpoint."
    return note("warn", f"It is not finished, and wrote nothing for {ago}. {again}")


def _left_out(curves: Curves) -> Markup | None:
    lines, values = curves.left_out, curves.unlike
    told = [
        f"{counted(lines, 'line')} of steps.jsonl could not be read and are left out." if lines else "",
        f"{counted(values, 'value')} left out, not being finite: the curves have gaps." if values else "",
    ]
    return note("warn", *(tag("p", line) for line in told if line)) if any(told) else None


def _curves(curves: Curves) -> Markup | None:
    loss = curves.points("loss")
    if not loss:
        return None
    drawn = "Loss per supervised token."
    drawn += " Thin: single steps; thick: their running mean." if len(loss) >= SMOOTH_FROM else ""
    drawn += (
        f" {whole(len(curves.steps))} steps are drawn as means of {len(loss)} parts." if _thin(curves, loss) else ""
    )
    drawn += " Dots: validation loss on rows that are not tuned on." if curves.validation else ""
    names = ("train", "validation") if curves.validation else ("train",)
    keys = tag("ul", *(tag("li", tag("span", class_=f"key {name}"), name) for name in names), class_="keys")
    first = tag("figure", tag("h2", "Loss"), keys, loss_chart(loss, curves.validation[-500:]), tag("figcaption", drawn))
    others = [_small(curves, "learning_rate", "Learning rate"), _small(curves, "grad_norm", "Gradient norm")]
    return tag("div", first, tag("div", *others, class_="two"), class_="curves")


def _thin(curves: Curves, drawn: object) -> bool:
    return isinstance(drawn, list) and len(drawn) < len(curves.steps) - curves.unlike


def _small(curves: Curves, measure: str, name: str) -> Markup | None:
    points = curves.points(measure)
    if not points:
        return None
    told = f"{name}: {points[0][1]:.3g} at first, {points[-1][1]:.3g} now"
    chart = line_chart([Line(points, "train")], told, level=short_number)
    return tag("figure", tag("h3", name), chart, tag("figcaption", told))


def short_number(value: float) -> str:
    """0.5, 12, 4e-4: so short that it fits beside a small figure."""
    if not value or abs(value) >= 0.01:
        return f"{value:.3g}"
    return f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")


async def progress_stream(request: Request) -> Response:
    """Server-sent events: `part` when the run has written something, `gone` when it is no longer going on."""
    workspace: Workspace = request.app.state.workspace
    try:
        folder = folder_at(workspace, request.path_params["path"])
    except UserMistake as mistake:
        return mistaken(request, mistake)
    return StreamingResponse(_events(request, workspace, folder), media_type="text/event-stream")


async def _events(request: Request, workspace: Workspace, folder: Path) -> AsyncIterator[str]:
    before, said = None, time.monotonic()
    while not await request.is_disconnected():
        try:
            state = state_of(folder, read_record(folder))
            now = (last_written(folder), state)
            if now != before:
                yield event("part", await run_in_threadpool(_progress, workspace, folder))
                before, said = now, time.monotonic()
        except UnseenError as error:
            yield event("part", note("wrong", joined_lines((str(error),))))
            yield event("end", "")
            return
        if state != "running":
            yield event("gone", "")
            return
        if time.monotonic() - said > ALIVE_EVERY:
            yield ": still here\n\n"
            said = time.monotonic()
        await asyncio.sleep(LOOK_EVERY)


def event(name: str, data: str) -> str:
    """One server-sent event; line breaks in its data are kept."""
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"event: {name}\n{lines}\n"


def _warnings(record: RunRecord) -> Markup | None:
    void = [task for task, on in record.model.conflicts.items() if not isinstance(on, str)]
    lines = []
    if void:
        lines.append(f"Void: the start model was tuned on {', '.join(void[:5])}{' …' if len(void) > 5 else ''} before.")
    if "unknown" in record.model.conflicts.values():
        lines.append("Nobody says what the start model was instruction-tuned on: its unseen tasks may not be unseen.")
    if record.left_out:
        lines.append(f"{whole(sum(record.left_out.values()))} rows or answers were left out; the report says which.")
    return note("warn", joined_lines(tuple(lines))) if lines else None


def _links(path: str, folder: Path) -> Markup:
    there = (folder / "predictions.parquet").is_file() or (folder / "predictions.parquet.parts").is_dir()
    links: list[Child] = [tag("a", "Predictions", href=run_path(path, "predictions"), data_key="p")] if there else []
    if (folder / "model").is_dir():
        links.append(tag("a", "Ask its model", href=f"/ask?{urlencode({'run': path})}"))
    links.append(tag("a", "All runs", href="/runs"))
    return tag("p", *(joined(link, " ") for link in links), class_="paging")


def scores(workspace: Workspace, values: Values) -> Shown:
    """The scores of the report, without reading the predictions."""
    folder = folder_at(workspace, values["path"])
    run = load_facts(folder)
    said = tag("p", headline(run), class_="headline") if not run.void and not run.is_evaluation else None
    shown = [each for each in (differences_section(run), scores_section(run)) if each is not None]
    return tag("div", said, *(shown or [tag("p", "It has no scores by task.", class_="nothing")]))


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
    return joined(tag("h2", "The record"), tag("dl", *pairs, class_="facts"))


def _some(names: tuple[str, ...], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}" if names else "none"


def _report(path: str, folder: Path, record: RunRecord) -> Markup | None:
    if not (folder / "report.html").is_file() and not record.summary:
        return None
    at = run_path(path, "run-report")
    alone = tag("a", "open it alone", href=at, target="_blank", rel="noopener")
    frame = tag("iframe", src=at, title="The report of this run", loading="lazy", sandbox="")
    told = tag("p", "It is shown without its script; ", alone, ".")
    return joined(tag("h2", "Report"), told, tag("div", frame, class_="embedded"))


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
