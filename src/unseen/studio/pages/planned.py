"""What a recipe would do, shown as it is found out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event as Moment
from typing import Any

from starlette.routing import Route

from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.planning import plan_lines
from unseen.studio.draft import Draft
from unseen.studio.events import Event, streamed
from unseen.studio.frame import note
from unseen.studio.jobs import Jobs
from unseen.studio.plans import Planned, Plans, process_mb
from unseen.studio.reply import Shown, Values, shows
from unseen.studio.workspace import Workspace
from unseen.study.means import memory

EVERY = 0.5  # seconds between two looks at a plan


def routes() -> list[Route]:
    return [
        Route("/start/plan/{key}", shows(watch)),
        Route("/start/leave", shows(leave), methods=["POST"]),
    ]


def plans_of(workspace: Workspace) -> Plans:
    """The plans of this studio."""
    found: Plans = workspace.kept("plans", None, Plans)
    return found


def begin(workspace: Workspace, draft: Draft) -> Markup:
    """Begin the plan of a sound draft; an element that shows it."""
    key = plans_of(workspace).begin(draft.text)
    found = plans_of(workspace).of(key)
    going = f"/start/plan/{key}" if found.state == "planning" else None
    return tag("div", shown(found, workspace.runs), data_stream=going, aria_live="polite")


def leave(workspace: Workspace, values: Values) -> Shown:
    """The form has changed: what is being found out is not wanted any more."""
    plans_of(workspace).leave()
    return note("plain", "The recipe has changed since it was planned.")


def watch(workspace: Workspace, values: Values) -> Shown:
    return streamed(_looks(plans_of(workspace), values["key"], workspace.runs))


def _looks(plans: Plans, key: str, runs: Path) -> Iterator[Event]:
    moment = Moment()
    while (found := plans.of(key)).state == "planning":
        yield Event("part", shown(found, runs))
        moment.wait(EVERY)
    yield Event("part", shown(found, runs))
    yield Event("end")


def shown(found: Planned, runs: Path) -> Markup:
    """A plan, or how far it is; `runs` is the folder that its run would lie in."""
    if found.state == "planning":
        what = f"Working … {found.seconds:.0f} s: it reads rows, loads the model and times two steps."
        return note("plain", tag("p", what), tag("progress", aria_label="planning"))
    if found.state == "left":
        return note("plain", "The recipe has changed since it was planned.")
    if found.state == "wrong" or found.values is None:
        return note("wrong", tag("p", found.line))
    return _plan(found.values, found.seconds, runs)


def _plan(values: Mapping[str, Any], seconds: float, runs: Path) -> Markup:
    lines = plan_lines(values) | {"run folder": _folder(values, runs)}
    rows = [tag("tr", tag("th", name, scope="row"), tag("td", said)) for name, said in lines.items()]
    free = memory() >> 20
    needed = process_mb(values)
    short = f"Its process needs about {needed:,} MB, and {free:,} MB are free here"
    told = note("warn", f"{short}: it may be killed.") if needed > free else tag("p", f"{short}.", class_="faint")
    found = tag("p", f"Found out in {seconds:.0f} s.", class_="faint")
    return joined(
        tag("h2", "What it would do"), told, tag("div", tag("table", *rows), class_="wide", tabindex="0"), found
    )


def _folder(values: Mapping[str, Any], runs: Path) -> str:
    """The folder that Start the run takes, which is not the one that `unseen tune` names by itself."""
    return f"{Jobs(runs).free_name(values['name'])} in {runs}, unless another is named below"
