"""What a recipe would do, shown as it is found out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from threading import Event as Moment
from typing import Any

from starlette.routing import Route

from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted
from unseen.reporting.planning import plan_lines, process_mb
from unseen.studio.beginnings import OWN
from unseen.studio.draft import Draft
from unseen.studio.events import Event, streamed
from unseen.studio.frame import note
from unseen.studio.jobs import Jobs
from unseen.studio.plans import Planned, Plans, key_of
from unseen.studio.reply import Shown, Values, shows
from unseen.studio.waiting import waiting
from unseen.studio.workspace import Workspace
from unseen.study.means import memory

EVERY = 0.5  # seconds between two looks at a plan
GOES_ON = (
    "It reads the rows, gets and loads the model, and times a few questions and two steps. It goes on when you leave "
    "this page, and stands here when you come back; a change of the recipe ends it."
)


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
    return _followed(workspace, plans_of(workspace).begin(draft.text))


def begun(workspace: Workspace, draft: Draft) -> Markup | None:
    """The plan of a draft that was begun before: how far it is, or what came of it."""
    key = key_of(draft.text)
    return None if plans_of(workspace).of(key).state == "left" else _followed(workspace, key)


def _followed(workspace: Workspace, key: str) -> Markup:
    found = plans_of(workspace).of(key)
    going = f"/start/plan/{key}" if found.state == "planning" else None
    again = tag("noscript", tag("p", "Ask once more to see how far it is.")) if going else None
    return tag("div", shown(found, workspace.runs), again, data_stream=going, aria_live="polite")


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
        return note("plain", waiting("Finding out", found.standing, found.seconds), tag("p", GOES_ON, class_="faint"))
    if found.state == "left":
        return note("plain", "The recipe has changed since it was planned.")
    if found.state == "wrong" or found.values is None:
        return note("wrong", tag("p", found.line))
    return _plan(found.values, found.seconds, runs)


def _plan(values: Mapping[str, Any], seconds: float, runs: Path) -> Markup:
    lines = plan_lines(values) | {"run folder": _folder(values, runs)}
    rows = [tag("tr", tag("th", name, scope="row"), tag("td", said)) for name, said in lines.items()]
    found = tag("p", f"Found out in {seconds:.0f} s.", class_="faint")
    return joined(
        tag("h2", "What it would do"),
        _room(values),
        tag("div", tag("table", *rows), class_="wide", tabindex="0"),
        _several(values, runs),
        found,
    )


def _room(values: Mapping[str, Any]) -> Markup:
    """What the run needs beside what is free where it would run."""
    has = values["machine"]
    if has["gpus"]:
        first, needed = has["gpus"][0], int(values["memory_mb"])
        free, short = int(first["free_mb"]), "it may run out of memory"
        said = f"It needs about {needed:,} MB of the GPU ({first['name']}), and {free:,} MB are free there"
    else:
        needed, free, short = process_mb(values), memory() >> 20, "it may be killed"
        said = f"There is no GPU here: it runs on {counted(has['cores'], 'core')}. "
        said += f"Its process needs about {needed:,} MB in all, and {free:,} MB are free now"
    return note("warn", f"{said}: {short}.") if needed > free else tag("p", f"{said}.", class_="faint")


def _several(values: Mapping[str, Any], runs: Path) -> Markup:
    """How several processes are started, which the studio does not do: the command, to be typed."""
    gpus, run = len(values["machine"]["gpus"]), runs / Jobs(runs).free_name(values["name"])
    recipe = OWN / f"{values['name']}.yaml"
    command = f"torchrun --nproc-per-node {max(gpus, 2)} -m unseen tune {quote(str(recipe))} --out {quote(str(run))}"
    where = "the first GPU" if gpus else "the cores, since there is no GPU here"
    said = f"Start the run starts one process, on {where}. Several, one a GPU, are started in a terminal, "
    summary = tag("summary", f"Several processes ({counted(gpus, 'GPU')} here)")
    return tag("details", summary, tag("p", said, "once the recipe is saved:"), tag("pre", command), open=gpus > 1)


def _folder(values: Mapping[str, Any], runs: Path) -> str:
    """The folder that Start the run takes, which is not the one that `unseen tune` names by itself."""
    return f"{Jobs(runs).free_name(values['name'])} in {runs}, unless another is named below"
