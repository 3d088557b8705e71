"""How far a run is: its steps, its rate and its curves, sent again as they grow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import isclose
from pathlib import Path

from starlette.responses import Response

from unseen.errors import UnseenError
from unseen.phases import TUNING, Standing
from unseen.reporting.figures.curve import SMOOTH_FROM, Line, line_chart, loss_chart
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted, duration, plain, whole
from unseen.studio.events import CLOSING, Event, streamed
from unseen.studio.frame import joined_lines, note
from unseen.studio.pages.runs import state_shown
from unseen.studio.reply import Values
from unseen.studio.run_folders import doing_now, folder_at, job_in, last_written, state_of
from unseen.studio.step_curves import Curves, curves_of
from unseen.studio.waiting import now_doing
from unseen.studio.workspace import Workspace
from unseen.study.arm_progress import planned_steps
from unseen.study.record import read_record

LOOK_EVERY = 1.0  # seconds
CLOCK = 3.0  # seconds after which the time that something has taken is told anew


def progress(workspace: Workspace, folder: Path) -> Markup:
    """How far it is, and the curves: what a stream sends again and again, bounded whatever the number of steps."""
    raw, curves = read_record(folder), curves_of(workspace, folder)
    state, planned, done = state_of(folder, raw), planned_steps(raw), len(curves.steps)
    steps = f"{whole(done)} of {counted(planned, 'step')}" if planned else counted(done, "step")
    bar = tag("progress", value=done, max=planned, aria_label=steps) if planned and state != "done" else None
    told = tag("p", state_shown(state), f" · {steps}", _pace(curves, state, planned), class_="standing")
    now = now_doing(doing_now(folder)) if state == "running" else None
    quiet = _quiet(folder) if state == "stopped" else None
    return joined(told, bar, now, quiet, _left_out(curves), _curves(curves, "now" if state == "running" else "at last"))


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
    again = "Resume goes on" if job_in(folder) else "The same command with --resume goes on"
    again += " from its last checkpoint, or begins again where there is none."
    return note("warn", f"It is not finished, and wrote nothing for {ago}. {again}")


def _left_out(curves: Curves) -> Markup | None:
    lines, values = curves.left_out, curves.unlike
    told = [
        f"{counted(lines, 'line')} of steps.jsonl could not be read and are left out." if lines else "",
        f"{counted(values, 'value')} left out, not being finite: the curves have gaps." if values else "",
    ]
    return note("warn", *(tag("p", line) for line in told if line)) if any(told) else None


def _curves(curves: Curves, last: str) -> Markup | None:
    """`last` says when the last value of each was."""
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
    others = [
        _small(curves, "learning_rate", "Learning rate", last),
        _small(curves, "grad_norm", "Gradient norm", last),
    ]
    return tag("div", first, tag("div", *others, class_="two"), class_="curves")


def _thin(curves: Curves, drawn: object) -> bool:
    return isinstance(drawn, list) and len(drawn) < len(curves.steps) - curves.unlike


def _small(curves: Curves, measure: str, name: str, last: str) -> Markup | None:
    points = curves.points(measure)
    if not points:
        return None
    told = f"{name}: {points[0][1]:.3g} at first, {points[-1][1]:.3g} {last}"
    chart = line_chart([Line(points, "train")], told, level=tick_number)
    return tag("figure", tag("h3", name), chart, tag("figcaption", told))


def tick_number(value: float) -> str:
    """0.5, 12, 4e-4: so short that it fits beside a small figure; nothing where so few digits would say another number
    than the grid line's."""
    said = f"{value:.3g}" if not value or abs(value) >= 0.01 else f"{value:.1e}"
    return said.replace(".0e", "e").replace("e-0", "e-") if isclose(float(said), value, rel_tol=1e-6) else ""


def progress_stream(workspace: Workspace, values: Values) -> Response:
    """Server-sent events: `part` when the run has written something, `gone` when it is no longer going on."""
    folder = folder_at(workspace, values["path"])
    return streamed(_events(workspace, folder))


def _clock_of(doing: Standing | None) -> int:
    """Changes now and then while something is done that is not counted in steps: its time is told."""
    return 0 if doing is None or doing.phase.name == TUNING else int((time.time() - doing.began) / CLOCK)


def _events(workspace: Workspace, folder: Path) -> Iterator[Event]:
    before: object = None
    while True:
        try:
            state = state_of(folder, read_record(folder))
            doing = doing_now(folder)
            now = last_written(folder), state, doing, _clock_of(doing)
            if now != before:
                yield Event("part", progress(workspace, folder))
                before = now
        except UnseenError as error:
            yield Event("part", note("wrong", joined_lines((str(error),))))
            yield Event("end")
            return
        if state != "running":
            yield Event("gone")
            return
        yield Event("still")
        CLOSING.wait(LOOK_EVERY)
