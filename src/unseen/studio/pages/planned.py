"""What a recipe would do, shown as it is found out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Moment

from starlette.routing import Route

from unseen.reporting.markup import Markup, joined, tag
from unseen.studio.draft import Draft
from unseen.studio.events import Event, streamed
from unseen.studio.frame import note
from unseen.studio.pages.plan_shown import plan_shown
from unseen.studio.plans import Planned, Plans
from unseen.studio.reply import Shown, Values, shows
from unseen.studio.waiting import waiting
from unseen.studio.workspace import Workspace

EVERY = 0.5  # seconds between two looks at a plan
GOES_ON = (
    "It reads the rows, gets and loads the model, and times a few questions and two steps. It goes on when you leave "
    "this page, and stands here when you come back; a change of what the recipe says ends it."
)
CHANGED = "The recipe has changed since it was planned. Changed back, what was found out stands here again."
REFUSED = "refused"  # in the place of a plan's key: the button was pressed, and nothing could be planned


def routes() -> list[Route]:
    return [
        Route("/start/plan/{key}", shows(watch)),
    ]


def plans_of(workspace: Workspace) -> Plans:
    """The plans of this studio."""
    found: Plans = workspace.kept("plans", None, lambda: Plans(stamp=workspace.stamp_of_catalogs))
    return found


def begin(workspace: Workspace, draft: Draft) -> Markup:
    """Begin the plan of a sound draft; an element that shows it."""
    return _followed(workspace, plans_of(workspace).begin(draft.text))


def begun(workspace: Workspace, draft: Draft) -> Markup | None:
    """The plan of a draft that was begun before: how far it is, or what came of it."""
    key = plans_of(workspace).key_of(draft.text)
    return None if plans_of(workspace).of(key).state == "left" else _followed(workspace, key)


def refused(said: Markup) -> Markup:
    """Why nothing was planned, where the plan would stand."""
    return joined(_names(REFUSED), said)


def kept_up(workspace: Workspace, draft: Draft, was: str) -> tuple[str, Markup | None]:
    """The key of the plan that belongs to what a draft says now, and what is to stand for it on a page that shows the
    plan `was`. A plan that is under way is ended where its recipe says something else now."""
    plans = plans_of(workspace)
    key = plans.key_of(draft.text)
    if plans.of(key).state != "left":
        return key, _followed(workspace, key)
    if was in ("", REFUSED):
        return "", None
    plans.leave(was)
    return "", note("plain", CHANGED)


def _followed(workspace: Workspace, key: str) -> Markup:
    """No live region: what changes each second would be read out each second. The script says when it is there."""
    found = plans_of(workspace).of(key)
    going = f"/start/plan/{key}" if found.state == "planning" else None
    again = tag("noscript", tag("p", "Ask once more to see how far it is.")) if going else None
    return joined(_names(key), tag("div", shown(found, workspace.runs), again, data_stream=going))


def _names(key: str) -> Markup:
    """Tells the form which plan it shows."""
    return tag("input", type="hidden", name="planned", value=key)


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
        return note("plain", CHANGED)
    if found.state == "wrong" or found.values is None:
        return note("wrong", tag("p", found.line))
    return plan_shown(found.values, found.seconds, runs)
