"""Start: a recipe as a form and as YAML, what it would do, and the run that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import JSONResponse
from starlette.routing import Route

from unseen.errors import UserMistake
from unseen.reporting.markup import Markup, joined, tag
from unseen.studio.beginnings import begun, recipes, saved
from unseen.studio.draft import Draft, draft_of_form, draft_of_text
from unseen.studio.frame import Page, choice, field, note
from unseen.studio.jobs import Jobs
from unseen.studio.kept_recipes import new_id
from unseen.studio.pages import planned, started
from unseen.studio.pages.recipe_facts import facts_of, sound_tasks
from unseen.studio.pages.recipe_form import form_of
from unseen.studio.pages.start_draft import Sheet, forget, hidden, keep, opened, sheet_of, standing
from unseen.studio.reply import Shown, Values, shows, told, went_to
from unseen.studio.workspace import Workspace

BEFORE, TEXT, KEY = "before", "text", "k."  # fields of the form: the text that it was made of, the text now, a key


def routes() -> list[Route]:
    return [
        Route("/start", shows(start)),
        Route("/start", shows(did), methods=["POST"]),
        Route("/start/follow", shows(follow), methods=["POST"]),
        Route("/start/forget", shows(forget), methods=["POST"]),
        *planned.routes(),
        *started.routes(),
    ]


def start(workspace: Workspace, values: Values) -> Shown:
    """The form: begun from what was chosen, or else the draft that one left, or else a shipped recipe."""
    asked = [values.get(name, "").strip() for name in ("recipe", "file", "dataset", "as")]
    fresh = any(asked[:3]) or bool(values.get("afresh"))
    held, gone = (None, "") if fresh else opened(workspace, values.get("draft", ""))
    said = told("warn", gone) if gone else None
    if held is not None:
        sheet = replace(sheet_of(held), unasked=not values.get("draft"))
        draft = draft_of_text(held.text)
        return _page(workspace, draft, values, said, sheet, planned.begun(workspace, draft))
    try:
        draft = begun(workspace, *asked)
    except UserMistake as mistake:
        draft, said = begun(workspace, "", "", "", ""), told("wrong", *mistake.lines)
    return _page(workspace, draft, values, said, sheet_of(None))


def did(workspace: Workspace, values: Values) -> Shown:
    """What a button of the form asks for, on the form as it was sent; nothing that was typed is lost."""
    draft = sent(values)
    sheet = replace(keep(workspace, values, draft.text), page=new_id(), found=values.get("page", ""))
    asked = values.get("do", "")
    if draft.recipe is None:
        return _refused(workspace, draft, values, sheet, "The recipe is not right yet; see where it is marked.")
    try:
        if asked == "save":
            path = saved(draft.text, values.get("save", "") or draft.recipe.name, values.get("over") == "yes")
            return _page(workspace, draft, values, note("good", f"Saved: {path}"), sheet)
        sound_tasks(workspace, draft.recipe)
        if asked == "run":
            return went_to(f"/start/jobs/{started.begin(workspace, draft, values).name}")
    except UserMistake as mistake:
        return _refused(workspace, draft, values, sheet, *mistake.lines)
    plan = planned.begin(workspace, draft) if asked == "plan" else None
    return _page(workspace, draft, values, None, sheet, plan)


def _refused(workspace: Workspace, draft: Draft, values: Values, sheet: Sheet, *lines: str) -> Page:
    """Why a button did nothing: where a plan would stand, or else above all."""
    said = told("wrong", *lines)
    if values.get("do", "") == "plan":
        return _page(workspace, draft, values, None, sheet, planned.refused(said))
    return _page(workspace, draft, values, said, sheet)


def follow(workspace: Workspace, values: Values) -> Shown:
    """The form and the text after a change of either: `text`, `fields` by key (none while the text is no YAML),
    `wrong` lines by key, `facts` as markup; the `draft` that this is kept in, and `kept`, what is said of that; the
    plan that belongs to what it says now, `planned` by its key, and as markup."""
    draft = sent(values)
    sheet = keep(workspace, values, draft.text)
    fields = draft.fields if draft.values or not draft.text.strip() else None
    facts = facts_of(workspace, draft)
    kept = {"draft": sheet.held.id if sheet.held else "", "kept": standing(workspace, sheet)}
    key, plan = planned.kept_up(workspace, draft, values.get("planned", ""))
    found = {"planned": key, "plan": plan or ""}
    return JSONResponse({"text": draft.text, "fields": fields, "wrong": draft.wrong, "facts": facts, **kept, **found})


def sent(values: Values) -> Draft:
    """The draft that a form sends: its text, and on top of it each key that differs from what the form was made of."""
    text, before = (values.get(name, "").replace("\r\n", "\n") for name in (TEXT, BEFORE))
    was = draft_of_text(before).fields
    now = {name.removeprefix(KEY): value for name, value in values.items() if name.startswith(KEY)}
    changed = {path: value for path, value in now.items() if value.replace("\r\n", "\n") != was.get(path, "")}
    return draft_of_form(text, changed) if changed else draft_of_text(text)


def _page(
    workspace: Workspace,
    draft: Draft,
    values: Mapping[str, str],
    said: Markup | None,
    sheet: Sheet,
    plan: Markup | None = None,
) -> Page:
    jobs = started.jobs_of(workspace)
    parts = [
        said,
        started.running(jobs),
        tag("div", standing(workspace, sheet), id="kept", data_unasked=sheet.unasked),
        _begin(workspace, values),
        form_of(draft, facts_of(workspace, draft), joined(hidden(sheet), _deeds(jobs, draft, values)), plan),
    ]
    return Page("Start", "/start", joined(*parts), wide=True, styles=("start.css",), scripts=("start.js",))


def _begin(workspace: Workspace, values: Mapping[str, str]) -> Markup:
    names = [("", "choose a recipe"), *((name, name) for name in recipes())]
    listed = choice("recipe", names, values.get("recipe", ""), aria_label="Recipe")
    file = tag(
        "input", name="file", value=values.get("file", ""), placeholder="path of a .yaml file", aria_label="File"
    )
    known = tag("datalist", *(tag("option", value=each.task) for each in workspace.catalog().datasets), id="datasets")
    dataset = tag(
        "input",
        name="dataset",
        value=values.get("dataset", ""),
        placeholder="cluster/dataset",
        list="datasets",
        aria_label="Dataset",
    )
    side = choice("as", [("seen", "tune on it"), ("unseen", "hold it out")], values.get("as", ""), aria_label="Side")
    rows = [("A recipe", [listed]), ("A file", [file]), ("A dataset", [dataset, side, known])]
    forms = [
        tag("form", tag("b", name), *controls, tag("button", "Begin"), action="/start", method="get", class_="bar")
        for name, controls in rows
    ]
    return tag("details", tag("summary", "Begin from another recipe, a file or a dataset"), *forms, class_="card begin")


def _deeds(jobs: Jobs, draft: Draft, values: Mapping[str, str]) -> Markup:
    """Plan it, save it, start it."""
    name = draft.recipe.name if draft.recipe else ""
    ask = tag("button", "What would it do?", name="do", value="plan", id="plan-it")
    save = tag("input", name="save", value=values.get("save", ""), placeholder=name or "name", id="save-as")
    over = tag(
        "label",
        tag("input", type="checkbox", name="over", value="yes", checked=values.get("over") == "yes"),
        " replace one of this name",
    )
    run = tag("input", name="run", value=values.get("run", ""), placeholder=name or "name", id="run-as")
    saving = tag("div", tag("button", "Save", name="do", value="save"), over, class_="bar")
    starting = tag("div", tag("button", "Start the run", name="do", value="run", class_="main"), class_="bar")
    return joined(
        tag("p", ask, tag("small", " time, memory, rows and questions: shown at the top")),
        tag(
            "div",
            tag("div", field("Save as", save, "into ./recipes; the recipe's name when empty"), saving),
            tag(
                "div",
                field("Run folder", run, f"in {jobs.runs}; the recipe's name, numbered, when empty"),
                starting,
            ),
            class_="deeds",
        ),
    )
