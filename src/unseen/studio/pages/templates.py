"""Templates: found, looked at on rows, written, checked over all rows, and saved into the user's catalog."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from time import monotonic
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from unseen.errors import UserMistake
from unseen.prompt.way import Way, prompt_source
from unseen.reporting.markup import Markup, joined, tag
from unseen.studio.checking import Checked, checks
from unseen.studio.draft_store import drafts
from unseen.studio.drafts import entry_of
from unseen.studio.editing import Editing, dataset_of, editing
from unseen.studio.events import Event, streamed
from unseen.studio.frame import PATHS, Page, joined_lines, note, nothing, whole
from unseen.studio.hand_on import At, at_mark
from unseen.studio.opening import StillReading, openings
from unseen.studio.pages.template_form import form, steps
from unseen.studio.pages.template_shown import shown
from unseen.studio.reply import Shown, Values, shows, went_to
from unseen.studio.saving import Place, free_name, history, save, take_out
from unseen.studio.values import from_of
from unseen.studio.workspace import Workspace
from unseen.task.variants import base_name

LISTED = 60  # templates that are listed at once
STYLES, SCRIPTS = ("templates.css",), ("templates.js",)
DONE = {"saved": "Saved", "deleted": "Deleted", "undone": "Undone", "redone": "Done again"}
TOLD = 20  # mistakes that a check writes out
BETWEEN = 0.15  # seconds between two reports of a check


def routes() -> list[Route]:
    return [
        Route("/templates", shows(templates), methods=["GET", "POST"]),
        Route("/templates/save", shows(saved), methods=["POST"]),
        Route("/templates/delete", shows(deleted), methods=["POST"]),
        Route("/templates/undo", shows(partial(stepped, "undone")), methods=["POST"]),
        Route("/templates/redo", shows(partial(stepped, "redone")), methods=["POST"]),
        Route("/templates/checked/{draft}", checked),
        Route("/templates/opened", opened),
    ]


def templates(workspace: Workspace, values: Values) -> Shown:
    """Without a task the templates of all tasks, searched; else one of them on rows, to look at and to edit."""
    if not values.get("task"):
        return _list_page(workspace, values)
    state = editing(workspace, values)
    return _page(workspace, state, _done(values, state.place))


def _page(workspace: Workspace, state: Editing, *told: Markup | None) -> Page:
    parts = tag("div", form(workspace, state), _shown(workspace, state), class_="editor")
    body, at = joined(*told, parts), _at(state)
    return Page(state.dataset.task, "/templates", body, wide=True, styles=STYLES, scripts=SCRIPTS, at=at)


def _at(state: Editing) -> At:
    """The template and the row that are looked at; of a template that is not saved yet, its dataset alone."""
    view = state.view
    return At(state.dataset.task, state.opened, view.split, view.row if view.rows else None)


def _shown(workspace: Workspace, state: Editing) -> Markup:
    """The part that follows what is typed; it scrolls by itself beside the form, so keys reach it."""
    inside = joined(shown(workspace, state), at_mark(_at(state), PATHS))
    return tag("div", inside, id="shown", tabindex="0", role="region", aria_label="Rows as rendered")


def _done(values: Values, place: Place | None = None) -> Markup | None:
    """What the last step did, and where what it wrote lies."""
    said = DONE.get(values.get("done", ""))
    if said is None:
        return None
    where = tag("span", f" in {place.file}", title=str(place.file)) if place and values["done"] == "saved" else None
    lost = values.get("lost", "")
    gone = "" if lost in ("", "0") else f" {lost} comments inside what was replaced are gone; undo brings them back."
    return tag("div", note("good", tag("p", said, where, ".", gone)), data_until_typed=True)


def saved(workspace: Workspace, values: Values) -> Shown:
    """Save what was typed; where that cannot be, the page with what was typed and why."""
    state = editing(workspace, values)
    entry, replaces = entry_of(state.fields), state.opened
    if values.get("how") == "copy":
        entry, replaces = {**entry, "name": free_name(entry["name"], [each.name for each in state.saved])}, ""
    try:
        done = save(workspace, state.dataset, entry, replaces, values.get("reviewer", "").strip())
    except UserMistake as mistake:
        told = note("wrong", tag("p", tag("b", "Not saved. ")), joined_lines(mistake.lines))
        return HTMLResponse(whole(_page(workspace, state, told)), status_code=422)
    return went_to(_address(state, done.template, done="saved", lost=done.comments_lost))


def deleted(workspace: Workspace, values: Values) -> Shown:
    state = editing(workspace, values)
    done = take_out(workspace, state.dataset, state.opened)
    return went_to(_address(state, "", done="deleted", lost=done.comments_lost))


def stepped(how: str, workspace: Workspace, values: Values) -> Shown:
    """Undo or redo the last step over the user's catalog."""
    held = history(workspace)
    held.undo() if how == "undone" else held.redo()
    try:
        state = editing(workspace, {name: values[name] for name in ("task", "template") if name in values})
    except UserMistake:  # the step took the dataset away, or none was open
        return went_to("/templates?" + urlencode({"done": how}))
    return went_to(_address(state, state.opened, done=how))


def _address(state: Editing, template: str, **more: str | int) -> str:
    rows = {"split": state.view.split, "row": state.view.row, "rows": state.view.count}
    return "/templates?" + urlencode({"task": state.dataset.task, "template": template, **rows, **more})


async def checked(request: Request) -> Response:
    """Server-sent events: how far the check of a draft over all rows is, then its result."""
    workspace: Workspace = request.app.state.workspace
    held = drafts(workspace).get(request.path_params["draft"])
    if held is None:
        return streamed(iter([Event("end")]))
    task, template = held

    def events() -> Iterator[Event]:
        last = 0.0
        try:
            for step in checks(workspace, dataset_of(workspace, task), template):
                if step.done or monotonic() - last > BETWEEN:
                    last = monotonic()
                    yield Event("part", _checked(step))
        except UserMistake as mistake:
            yield Event("part", note("wrong", joined_lines(mistake.lines)))
        yield Event("end")

    return streamed(events())


async def opened(request: Request) -> Response:
    """Server-sent events: how long a file has been read, then that it is."""
    workspace: Workspace = request.app.state.workspace
    values = dict(request.query_params)

    def events() -> Iterator[Event]:
        began = monotonic()
        try:
            dataset = dataset_of(workspace, values.get("task", ""))
            while True:
                try:
                    openings(workspace).rows(workspace, dataset, values.get("split", ""), patience=0.5)
                    break
                except StillReading:
                    yield Event("part", tag("p", f"reading the file: {monotonic() - began:.0f} s", class_="count"))
            yield Event("part", tag("p", "The file is read.", data_again=True))
        except UserMistake as mistake:
            yield Event("part", note("wrong", joined_lines(mistake.lines)))
        yield Event("end")

    return streamed(events())


def _checked(step: Checked) -> Markup:
    if not step.done:
        meter = tag("progress", value=step.rows, max=max(step.of, 1), aria_label="rows checked")
        return tag("p", meter, f" checking {step.rows:,} of {step.of:,} rows", class_="count")
    left = f", {step.unlabelled:,} without a label left out" if step.unlabelled else ""
    if not step.mistakes:
        return tag("p", f"✓ No mistakes in {step.rows:,} rows{left}.", class_="count good")
    head = f"✗ {len(step.mistakes)} mistakes in {step.rows:,} rows{left}:"
    more = len(step.mistakes) - TOLD
    lines = [*step.mistakes[:TOLD], *([f"and {more} more"] if more > 0 else [])]
    return note("warn", tag("p", head), tag("ul", *(tag("li", each) for each in lines)))


def _list_page(workspace: Workspace, values: Values) -> Page:
    words = tag(
        "input",
        type="search",
        name="q",
        value=values.get("q", ""),
        placeholder="words of a task, of a template's name or of its text",
        aria_label="Search",
        data_key="/",
    )
    bar = tag(
        "form", words, tag("button", "Search"), action="/templates", method="get", class_="bar", data_live="#found"
    )
    new = tag("p", tag("a", "New dataset from a file", href="/new"))
    found = tag("div", *_found(workspace, values), id="found")
    back = tag("form", steps(workspace), method="post")
    return Page("Templates", "/templates", joined(_done(values), bar, new, found, back), True, STYLES, SCRIPTS)


def _found(workspace: Workspace, values: Values) -> Iterator[Markup]:
    wanted = values.get("q", "").lower().split()
    known = _known(workspace)
    found = [(task, way) for task, way, text in known if all(word in text for word in wanted)]
    start = min(from_of(values), len(found))
    yield tag("p", f"{len(found)} of {len(known)} templates.", class_="count")
    if not found:
        yield nothing("Nothing matches. Take a word away, or begin with a file of your own: New dataset from a file.")
        return
    yield _table(found[start : start + LISTED])
    links = [
        tag("a", name, href="/templates?" + urlencode({"q": values.get("q", ""), "from": max(at, 0)}))
        for name, at in (("earlier", start - LISTED), ("later", start + LISTED))
        if -LISTED < at < len(found) and max(at, 0) != start
    ]
    if links:
        yield tag("p", f"{start + 1} to {min(start + LISTED, len(found))} of {len(found)} ", *links, class_="paging")


def _known(workspace: Workspace) -> Sequence[tuple[str, Way, str]]:
    """Task, template and searched text of every template; made again when the catalog is."""
    catalog = workspace.catalog()

    def make() -> list[tuple[str, Way, str]]:
        ways = {
            (base_name(task.name), way.name): way
            for task in catalog.tasks.values()
            if task.dataset.kind == "rows"
            for way in (*task.templates, *task.plain)
        }
        return [(task, way, f"{task} {way.name} {prompt_source(way)}".lower()) for (task, _), way in ways.items()]

    known: list[tuple[str, Way, str]] = workspace.kept("searched templates", catalog, make)
    return known


def _table(found: Sequence[tuple[str, Way]]) -> Markup:
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in ("Task", "Template", "Prompt"))))
    rows = []
    for task, way in found:
        link = "/templates?" + urlencode({"task": task, "template": way.name})
        text = " ".join(prompt_source(way).split())
        cells = (task, tag("a", way.name, href=link), tag("code", text if len(text) <= 160 else f"{text[:160]} …"))
        rows.append(tag("tr", *(tag("td", each) for each in cells)))
    return tag("div", tag("table", head, tag("tbody", *rows)), class_="wide", tabindex="0")
