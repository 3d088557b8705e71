"""Two templates of a task, or a draft with what is saved, over the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.routing import Route

from unseen.data.dataset import Row
from unseen.errors import TemplateMistake, UserMistake, nearest, one_line
from unseen.prompt.example import Example
from unseen.prompt.template import Template
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import row_of_id
from unseen.studio.coloured import length_of
from unseen.studio.differing import marked
from unseen.studio.draft_store import drafts
from unseen.studio.drafts import lines_of
from unseen.studio.editing import SEVERAL, Editing, editing
from unseen.studio.frame import Page, choice, field, joined_lines, note, nothing
from unseen.studio.pages.template_shown import marks, still_reading
from unseen.studio.reply import Shown, Values, shows
from unseen.studio.workspace import Workspace
from unseen.task.render import example_of
from unseen.task.task import Task

DRAFT = "draft:"  # begins the name of a template that was typed and is not saved


def routes() -> list[Route]:
    return [Route("/templates/compare", shows(compare), methods=["GET", "POST"])]


def compare(workspace: Workspace, values: Values) -> Shown:
    """The sources, and what each makes of the rows; differing words are marked on both sides."""
    state = editing(workspace, values)
    known = {each.name: each for each in state.saved}
    if "prompt" in values:
        draft = DRAFT + drafts(workspace).put(state.dataset.task, state.template())
        values = {**values, "a": state.opened or next(iter(known), draft), "b": draft}
    known |= _draft(workspace, state, values)
    names = list(known)
    a = values.get("a") or names[0]
    b = values.get("b") or next((name for name in names if name != a), a)
    pair = (_named(known, a), _named(known, b))
    body = tag("div", *_compared(state, *pair), id="compared")
    parts = joined(_bar(state, known, a, b), body)
    return Page(
        f"Compare: {state.dataset.task}",
        "/templates",
        parts,
        True,
        styles=("templates.css",),
        scripts=("templates.js",),
    )


def _draft(workspace: Workspace, state: Editing, values: Values) -> dict[str, Template]:
    """The draft that one of the two names, where it is still held."""
    found: dict[str, Template] = {}
    for name in (values.get("a", ""), values.get("b", "")):
        held = drafts(workspace).get(name.removeprefix(DRAFT)) if name.startswith(DRAFT) else None
        if held is not None and held[0] == state.dataset.task:
            found[name] = held[1]
    return found


def _named(known: Mapping[str, Template], name: str) -> Template:
    if name.startswith(DRAFT) and name not in known:
        raise TemplateMistake("compare", "this draft is not held any more", "go back to it and compare again")
    if name not in known:
        raise TemplateMistake("compare", f"there is no template '{name}'", nearest(name, known, "templates"))
    return known[name]


def _bar(state: Editing, known: Mapping[str, Template], a: str, b: str) -> Markup:
    options = [(name, "your draft" if name.startswith(DRAFT) else name) for name in known]
    splits = choice("split", [(name, name) for name in state.dataset.splits], state.view.split, aria_label="Split")
    number = tag("input", type="number", name="row", value=state.view.row, min=0, class_="short", id="row")
    several = [(each, "1 row" if each == "1" else f"{each} rows") for each in SEVERAL]
    back = "/templates?" + urlencode({"task": state.dataset.task, "template": state.opened})
    return tag(
        "form",
        tag("a", "Back to the template", href=back),
        tag("input", type="hidden", name="task", value=state.dataset.task),
        tag("input", type="hidden", name="template", value=state.opened),
        tag("input", type="hidden", name="shown", value=state.view.split),
        field("Left", choice("a", options, a)),
        field("Right", choice("b", options, b)),
        field("Split", splits),
        field("From row", number),
        field("Rows", choice("rows", several, str(state.view.count))),
        tag("button", "Compare"),
        action="/templates/compare",
        method="get",
        class_="bar",
        data_live="#compared",
    )


def _compared(state: Editing, a: Template, b: Template) -> list[Markup]:
    sources = [_pair("Prompt, as written", a.prompt, b.prompt)]
    for title, left, right in (
        ("Completion, as written", a.completion, b.completion),
        ("Answer choices", lines_of(a.answer_choices), lines_of(b.answer_choices)),
    ):
        if left or right:
            sources.append(_pair(title, left, right))
    if state.view.reading:
        return [*sources, still_reading(state)]
    if state.view.faulty is not None:
        return [*sources, note("wrong", joined_lines(state.view.faulty.lines))]
    return [marks(state), *sources, *(_row(state, row, a, b) for row in state.view.rows)]


def _row(state: Editing, row: Row, a: Template, b: Template) -> Markup:
    left, right = _made(state, a, row), _made(state, b, row)
    if isinstance(left, Example) and isinstance(right, Example):
        parts = [
            _pair(f"Row {row_of_id(row.id)}: prompt", left.prompt, right.prompt),
            _pair(f"Row {row_of_id(row.id)}: completion", left.completion, right.completion),
        ]
        return tag("section", *parts, aria_label=f"Row {row_of_id(row.id)}")
    sides = [
        tag("div", tag("pre", each.prompt, class_="text") if isinstance(each, Example) else each)
        for each in (left, right)
    ]
    return tag("section", tag("h3", f"Row {row_of_id(row.id)}"), tag("div", *sides, class_="compared"))


def _made(state: Editing, template: Template, row: Row) -> Example | Markup:
    task = Task(state.dataset.task, state.dataset, (template,), "generate", ())
    try:
        example = example_of(task, 0, row)
    except UserMistake as mistake:
        return note("wrong", tag("p", one_line(f"{mistake.what}; {mistake.remedy}")))
    return nothing("renders empty, so the row is left out") if example is None else example


def _pair(title: str, left: str, right: str) -> Markup:
    same = tag("small", "the same on both sides") if left == right else None
    sides = [
        tag("div", text, tag("p", length_of(said), class_="count"))
        for text, said in zip(marked(left, right), (left, right), strict=True)
    ]
    return joined(tag("h3", title, " ", same), tag("div", *sides, class_="compared"))
