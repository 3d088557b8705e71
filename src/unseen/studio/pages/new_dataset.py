"""A new dataset from a file that is dropped on the page, or whose path is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from unseen.data.dataset import Dataset, Row
from unseen.data.records import SUFFIXES
from unseen.data.rows import is_unlabelled, read_rows
from unseen.errors import UserMistake, one_line
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import row_of_id
from unseen.studio.coloured import row_table
from unseen.studio.frame import Page, field, joined_lines, note, nothing, whole
from unseen.studio.guard import MOST_BYTES
from unseen.studio.incoming import Incoming, incoming, keep_dropped
from unseen.studio.new_dataset import better_name, form_of, known_names, previewed, save_dataset
from unseen.studio.pages.dataset_fields import about, columns, labels, reading
from unseen.studio.pages.template_form import show
from unseen.studio.reply import Shown, Values, shows, went_to
from unseen.studio.workspace import Workspace

STYLES, SCRIPTS = ("templates.css",), ("templates.js",)
FIRST = 3  # rows that are shown
AFTERWARDS = "The first rows stand here once that is mended."
LABELS = {  # what the form calls the keys of a description
    "dataset": "Name",
    "name": "Name",
    "cluster": "Cluster",
    "licence": "Licence",
    "language": "Language",
    "origin": "Origin",
    "encoding": "Encoding",
    "labels": "Label",
    "splits": "Splits",
}


def routes() -> list[Route]:
    return [
        Route("/new", shows(new), methods=["GET", "POST"]),
        Route("/new/file", dropped, methods=["POST"]),
        Route("/new/save", shows(saved), methods=["POST"]),
    ]


def new(workspace: Workspace, values: Values) -> Shown:
    """Where to drop a file; with one, what it probably is, to look at and to change."""
    if not values.get("file") and not values.get("path"):
        return _page(_chooser(values))
    if values.get("take"):
        values = {**values, "dataset": values["take"]}  # the name that was offered
    try:
        given = incoming(workspace, values)
    except UserMistake as mistake:
        return _wrong(joined(note("wrong", joined_lines(mistake.lines)), _chooser(values)))
    return _page(_described(workspace, given, _form_values(given, values)))


def _form_values(given: Incoming, values: Values) -> dict[str, str]:
    """What was typed; a box that is not there was taken away."""
    first = form_of(given)
    return {name: values.get(name, "") for name in first} if "dataset" in values else first


async def dropped(request: Request) -> Response:
    """Take a file in, then on to the page about it."""
    async with request.form(max_files=1) as form:
        given = form.get("file")
        if not isinstance(given, UploadFile) or not given.filename:
            return went_to("/new")
        kept, named = await run_in_threadpool(keep_dropped, given.filename, await given.read())
    return went_to("/new?" + urlencode({"file": kept, "named": named}))


def saved(workspace: Workspace, values: Values) -> Shown:
    """Write it into the user's catalog, then on to its first template; or the form again, and why not."""
    given = incoming(workspace, values)
    form = _form_values(given, values)
    try:
        with given.by_its_name():
            task = save_dataset(workspace, given, form)
    except UserMistake as mistake:
        told = _told("Not saved. ", mistake, form, known_names(workspace))
        return _wrong(joined(told, _described(workspace, given, form, AFTERWARDS)))
    return went_to("/templates?" + urlencode({"task": task, "done": "saved"}))


def _told(before: str, mistake: UserMistake, form: Mapping[str, str], known: Sequence[str]) -> Markup:
    """What is wrong, in the words of the form, and a name that can be where the name is what is wrong."""
    lines = [_in_words(one_line(each)) for each in mistake.lines[:10]]
    better = better_name(form["dataset"], known)
    take = tag("button", f"Call it {better}", name="take", value=better, formaction="/new", form="new")
    offered = tag("p", take) if better and any(line.startswith("Name") for line in lines) else None
    return note("wrong", tag("p", tag("b", before)) if before else None, joined_lines(tuple(lines)), offered)


def _in_words(line: str) -> str:
    """A mistake as the form calls what it is about."""
    said = line.removeprefix("the form: ")
    key, colon, rest = said.partition(": ")
    return f"{LABELS[key]}: {rest}" if colon and key in LABELS else said


def _page(body: Markup) -> Page:
    return Page("New dataset", "/templates", body, wide=True, styles=STYLES, scripts=SCRIPTS)


def _wrong(body: Markup) -> Response:
    return HTMLResponse(whole(_page(body)), status_code=422)


def _chooser(values: Values) -> Markup:
    endings = ", ".join(SUFFIXES)
    file = tag("input", type="file", name="file", accept=endings.replace(" ", ""), data_drop=True, required=True)
    drop = tag(
        "form",
        field(
            "A file of rows",
            file,
            f"drop it anywhere on this page, or choose it; {endings}; up to {MOST_BYTES >> 20} MB",
        ),
        tag("button", "Look at it"),
        action="/new/file",
        method="post",
        enctype="multipart/form-data",
        class_="drop card",
        data_most=str(MOST_BYTES - (1 << 16)),
    )
    path = tag(
        "input",
        type="text",
        name="path",
        value=values.get("path", ""),
        required=True,
        spellcheck="false",
        maxlength="4096",
    )
    typed = tag(
        "form",
        field("Or the path of a file on this machine", path, "for large files: it is read where it lies"),
        tag("button", "Look at it"),
        action="/new",
        method="get",
        class_="card template",
    )
    what = (
        "One record a line or element, a column for each thing that a template may show. Nothing leaves this machine."
    )
    return joined(tag("p", what), drop, typed)


def _described(workspace: Workspace, given: Incoming, form: Mapping[str, str], instead: str = "") -> Markup:
    """The form and its first rows; `instead` of what is wrong with the form, where that is told above."""
    editor = tag(
        "form",
        tag("input", type="hidden", name="file", value=given.dropped) if given.dropped else None,
        tag("input", type="hidden", name="path", value=str(given.file)) if not given.dropped else None,
        tag("input", type="hidden", name="called", value=given.called),
        tag("input", type="hidden", name="named", value=given.named),
        *show(),
        about(workspace, form),
        columns(given, form),
        labels(given, form),
        reading(given, form),
        tag("p", tag("button", "Save the dataset", formaction="/new/save", class_="main", id="save"), class_="bar"),
        action="/new",
        method="post",
        class_="template",
        id="new",
        data_live="#preview",
    )
    shown = tag("div", *_preview(given, form, known_names(workspace), instead), id="preview")
    return joined(tag("p", tag("a", "Another file", href="/new")), tag("div", editor, shown, class_="editor"))


def _preview(given: Incoming, form: Mapping[str, str], known: Sequence[str], instead: str) -> list[Markup]:
    notes = [note("warn", tag("p", each)) for each in given.guess.notes]
    try:
        with given.by_its_name():
            dataset, text = previewed(given, form)
            rows = _first(dataset)
    except UserMistake as mistake:
        return [nothing(instead) if instead else _told("", mistake, form, known), *notes]
    shown = [_row(dataset, row) for row in rows] or [nothing("No rows.")]
    yaml = tag("details", tag("summary", "Its description, as it will be saved"), tag("pre", text))
    labels = ", ".join(f"{at} {word}" for at, word in enumerate(dataset.labels.words)) if dataset.labels else ""
    told = tag("p", "Labels: ", labels, class_="count") if labels else None
    return [*notes, joined(tag("h2", "First rows, as templates see them"), told), *shown, yaml]


def _first(dataset: Dataset) -> Sequence[Row]:
    return list(islice(read_rows(dataset, next(iter(dataset.splits))), FIRST))


def _row(dataset: Dataset, row: Row) -> Markup:
    own = set(dataset.columns.values()) - set(dataset.columns)
    columns = [name for name in row.values if name not in own]
    label = dataset.labels.column if dataset.labels else ""
    values = dict(row.values)
    if dataset.labels and isinstance(values.get(label), int):
        values[label] = f"{values[label]} ({dataset.labels.words[values[label]]})"
    told = "no label" if is_unlabelled(dataset, row) else ""
    head = tag("h3", f"Row {row_of_id(row.id)} ", tag("small", told))
    return tag("section", head, row_table(values, columns, frozenset(columns)), class_="card")
