"""What a template makes of rows: prompt, completion, choices, references beside the row; or what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from unseen.data.dataset import Row
from unseen.data.rows import is_unlabelled
from unseen.errors import UserMistake, one_line, raise_all
from unseen.prompt.check import check_templates
from unseen.prompt.engine import compile_template
from unseen.prompt.example import Example, Segment
from unseen.prompt.template import Template
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import RIGHT, row_of_id
from unseen.studio.coloured import coloured_segment, columns_read, legend, length_of, row_table
from unseen.studio.draft_store import drafts
from unseen.studio.editing import Editing
from unseen.studio.faulty import fault_note, faults_of
from unseen.studio.frame import joined_lines, note, nothing
from unseen.studio.workspace import Workspace
from unseen.task.render import example_of
from unseen.task.task import Task


def shown(workspace: Workspace, state: Editing) -> Markup:
    """The rows through the template as it is typed, or its mistakes at their fields with the rows alone."""
    if state.view.reading:
        return still_reading(state)
    if state.view.faulty is not None:
        return note("wrong", joined_lines(state.view.faulty.lines))
    if state.fixed:
        return joined(marks(state), *_as_written(workspace, state))
    try:
        template = state.template()
        _compiled(template, state)
    except UserMistake as mistake:
        faults = [fault_note(each, state.fields) for each in faults_of(mistake, state.fields)]
        rows = [_card(row, state, None, None) for row in state.view.rows]
        return joined(marks(state), *faults, *rows)
    rows = [_rendered(template, row, state) for row in state.view.rows]
    key = drafts(workspace).put(state.dataset.task, template)
    alone = tag("noscript", "; without a script, unseen render --check tells what came of it")
    waiting = tag("p", "checking …", alone, class_="count")
    check = tag("div", waiting, data_stream=f"/templates/checked/{key}", class_="check")
    return joined(marks(state), check, *(rows or [nothing("This split holds no rows.")]))


def still_reading(state: Editing) -> Markup:
    """Says so, and shows the rows when they are there; without the script, the page is to be loaded again."""
    where = urlencode({"task": state.dataset.task, "split": state.view.split})
    told = "The file is being read for the first time; a million rows take some seconds. Load the page again."
    return tag("div", nothing(told), data_stream=f"/templates/opened?{where}")


def marks(state: Editing) -> Markup:
    """Which rows these are, for the script, which puts that into the fields that ask for them."""
    return tag("span", hidden=True, id="where", data_row=str(state.view.row), data_split=state.view.split)


def _compiled(template: Template, state: Editing) -> None:
    """Raise everything that is wrong with the template's text, and columns that the rows do not have."""
    try:
        compile_template(template, state.columns or None)
    except UserMistake:
        raise_all(check_templates([template], state.view.rows[:1]))
        raise


def _rendered(template: Template, row: Row, state: Editing) -> Markup:
    if is_unlabelled(state.dataset, row):
        return _card(row, state, None, note("plain", tag("p", "This row has no label, so it is left out.")))
    task = Task(state.dataset.task, state.dataset, (template,), "generate", ())
    try:
        example = example_of(task, 0, row)
    except UserMistake as mistake:
        return _card(row, state, None, note("wrong", tag("p", one_line(f"{mistake.what}; {mistake.remedy}"))))
    if example is None:
        why = "This row renders empty, so it is left out: no prompt, or no completion."
        return _card(row, state, None, note("warn", tag("p", why)))
    return _card(row, state, example, _example(example, template.metrics, state))


def _as_written(workspace: Workspace, state: Editing) -> list[Markup]:
    """Rows that no template asks, turn by turn."""
    tasks = workspace.catalog().tasks.values()
    task = next(each for each in tasks if each.dataset.task == state.dataset.task)
    examples = [(row, example_of(task, 0, row)) for row in state.view.rows]
    return [_card(row, state, each, _example(each, (), state) if each else None) for row, each in examples]


def _card(row: Row, state: Editing, example: Example | None, made: Markup | None) -> Markup:
    read = columns_read(example) if example else frozenset[str]()
    columns = state.columns
    values = tag("div", tag("h3", f"Row {row_of_id(row.id)}"), row_table(row.values, columns, read), class_="given")
    made = made or tag("p", "not rendered", class_="faint")
    return tag(
        "section", tag("div", made, class_="made"), values, class_="card pair", aria_label=f"Row {row_of_id(row.id)}"
    )


def _example(example: Example, metrics: Sequence[str], state: Editing) -> Markup:
    columns = state.columns
    parts = [
        *(_turn(segment, columns, segment is example.segments[-1]) for segment in example.segments),
        _choices(example),
        _references(example),
        legend(columns, columns_read(example)),
    ]
    metrics = metrics or state.dataset.metrics
    return joined(*parts, tag("p", "judged by ", ", ".join(metrics), class_="count") if metrics else None)


def _turn(segment: Segment, columns: Sequence[str], last: bool) -> Markup:
    name = "Completion" if last else {"user": "Prompt", "system": "System"}.get(segment.role, "Earlier answer")
    return joined(tag("h3", name, " ", tag("small", length_of(segment.text))), coloured_segment(segment, columns))


def _choices(example: Example) -> Markup | None:
    if example.choices is None:
        return None
    items = [
        tag("li", tag("bdi", choice), tag("b", f" {RIGHT}") if at == example.answer else None)
        for at, choice in enumerate(example.choices)
    ]
    odd = None if example.answer is not None else tag("p", "The completion is none of the choices.", class_="warn")
    return joined(tag("h3", "Answer choices"), tag("ol", *items, start="0", class_="choices"), odd)


def _references(example: Example) -> Markup | None:
    if example.references == (example.completion,):
        return None
    return joined(tag("h3", "References"), tag("ul", *(tag("li", tag("bdi", each)) for each in example.references)))
