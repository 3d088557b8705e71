"""The form in which a template is written, with the bar that says which rows it is shown on."""

from __future__ import annotations

from urllib.parse import urlencode

from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted
from unseen.studio.editing import NEW, SEVERAL, Editing
from unseen.studio.frame import choice, field, note
from unseen.studio.saving import history
from unseen.studio.workspace import Workspace

ROWS = {"prompt": 8, "completion": 2, "answer_choices": 3, "references": 2}  # lines that a field shows at least


def form(workspace: Workspace, state: Editing) -> Markup:
    """One form, which is sent as one types; its buttons save, delete and step back."""
    if state.fixed:
        return _fixed(state)
    return tag(
        "form",
        tag("input", type="hidden", name="task", value=state.dataset.task),
        tag("input", type="hidden", name="template", value=state.opened or NEW),
        tag("input", type="hidden", name="syntax", value=state.fields["syntax"]),
        *show(),
        _which(state),
        _rows_bar(state),
        _fields(state),
        _flags(state),
        _buttons(state),
        steps(workspace),
        action="/templates",
        method="post",
        id="template",
        class_="template",
        data_live="#shown",
        data_draft=f"{state.dataset.task} {state.opened or NEW}",
    )


def show() -> list[Markup]:
    """The button that the Enter key presses, first in its form; seen only where there is no script to do it."""
    return [tag("button", "Show", class_="unshown", tabindex="-1"), tag("noscript", tag("button", "Show"))]


def _fixed(state: Editing) -> Markup:
    """Of rows that are instructions already there is nothing to write, only rows to walk through."""
    why = "These rows are instructions already, or are asked by their task file's own: no template asks them."
    return tag(
        "form",
        tag("input", type="hidden", name="task", value=state.dataset.task),
        *show(),
        _ways_out(state),
        note("plain", tag("p", why)),
        _rows_bar(state),
        action="/templates",
        method="post",
        class_="template",
        data_live="#shown",
        data_draft=state.dataset.task,
    )


def _ways_out(state: Editing) -> Markup:
    away = tag("a", "All templates", href="/templates", data_key="t", title="key t")
    return tag("p", away, " · ", tag("a", "About the dataset", href=f"/datasets/{state.dataset.task}"), class_="paging")


def _which(state: Editing) -> Markup:
    """The templates of the dataset, those of the user marked, and a new one."""
    items = [_link(state, each.name, state.place.holds(each.name)) for each in state.saved]
    new = tag("a", "+ new", href=_address(state, NEW), aria_current="true" if not state.opened else None)
    listed = tag("ul", *items, tag("li", new), class_="ways")
    several = counted(len(state.saved), "template")
    told = (
        joined(several, ": ", tag("b", state.opened))
        if state.opened
        else joined(tag("b", "A new template"), _beside(state))
    )
    return joined(
        _ways_out(state),
        tag("details", tag("summary", told), listed, open=len(items) <= 12),
    )


def _beside(state: Editing) -> str:
    return f"; {counted(len(state.saved), 'other template')} of this dataset" if state.saved else ""


def _link(state: Editing, name: str, own: bool) -> Markup:
    current = "true" if name == state.opened else None
    yours = tag("span", " yours", class_="tagged") if own else None
    return tag("li", tag("a", name, href=_address(state, name), aria_current=current), yours)


def _address(state: Editing, template: str) -> str:
    rows = {"split": state.view.split, "row": state.view.row, "rows": state.view.count}
    return "/templates?" + urlencode({"task": state.dataset.task, "template": template, **rows})


def _rows_bar(state: Editing) -> Markup:
    splits = choice("split", [(name, name) for name in state.dataset.splits], state.view.split, aria_label="Split")
    number = tag(
        "input",
        type="number",
        name="row",
        value=state.view.row,
        min=0,
        aria_label="Row number",
        title="the number of its record in the file, as predictions name it",
        class_="short",
        id="row",
    )
    several = [(each, "1 row" if each == "1" else f"{each} rows") for each in SEVERAL]
    counts = choice("rows", several, str(state.view.count), aria_label="Rows at once")
    moves = [
        tag(
            "button",
            shown,
            name="move",
            value=move,
            data_move=move,
            data_key=key,
            title=f"{move} (key {key})",
            aria_label=move,
        )
        for move, shown, key in (("earlier", "◀", "j"), ("later", "▶", "k"), ("random", "random", "r"))
    ]
    was = tag("input", type="hidden", name="shown", value=state.view.split)
    return tag("div", was, splits, tag("label", "row ", number), *moves, counts, class_="bar rows-bar")


def _fields(state: Editing) -> Markup:
    help_of = {
        "prompt": "Jinja: {{ column }} writes a column",
        "completion": "what the model should say",
        "answer_choices": "one a line, in the order of the labels; or an expression of a list; empty: it writes freely",
        "references": "further right answers, one a line; usually none",
    }
    labels = {
        "prompt": "Prompt",
        "completion": "Completion",
        "answer_choices": "Answer choices",
        "references": "References",
    }
    if state.fields["syntax"] == "promptsource":
        help_of["prompt"] = "a PromptSource template: its prompt, ||| and its completion"
    name = tag("input", type="text", name="name", value=state.fields["name"], maxlength="200", autocomplete="off")
    told = "" if state.own or not state.opened else f"'{state.opened}' is not yours and stays: yours is saved beside it"
    areas = [_area(state, part, labels[part], help_of[part]) for part in labels if _wanted(state, part)]
    return joined(field("Name", name, told), *areas)


def _wanted(state: Editing, part: str) -> bool:
    return state.fields["syntax"] != "promptsource" or part != "completion"


def _area(state: Editing, part: str, label: str, help: str) -> Markup:
    text = state.fields[part]
    lines = min(max(ROWS[part], text.count("\n") + 1 + len(text) // 90), 24)
    area = tag("textarea", "\n", text, name=part, id=f"field-{part}", rows=lines, spellcheck="false", dir="auto")
    return tag(
        "div", field(label, area, help), tag("div", id=f"at-{part}", class_="at-field"), class_="part", data_part=part
    )


def _flags(state: Editing) -> Markup:
    boxes = [
        _box(state, "original_task", "asks the dataset's own task", "off: something else of its rows, for tuning only"),
        _box(state, "turned", "turned around", "input and answer change places; for tuning only"),
        _box(state, "plain", "plain", "a prompt without an instruction, for models that were never tuned"),
    ]
    listed = [("", "not said"), ("yes", "yes"), ("no", "no")]
    chosen = choice("choices_in_prompt", listed, state.fields["choices_in_prompt"])
    texts = [
        field(label, tag("input", type="text", name=name, value=state.fields[name], autocomplete="off"), help)
        for name, label, help in (
            ("metrics", "Metrics", "names between commas; the dataset's own where empty"),
            ("languages", "Languages", "codes between commas; the dataset's own where empty"),
            ("separator", "Separator", "between prompt and completion in the plain format; \\n is a line break"),
        )
    ]
    more = tag("details", tag("summary", "More"), field("The prompt lists its choices", chosen), *texts)
    return joined(tag("fieldset", tag("legend", "Flags"), *boxes), more)


def _box(state: Editing, name: str, label: str, help: str) -> Markup:
    box = tag("input", type="checkbox", name=name, value="on", checked=bool(state.fields[name]))
    return tag("label", box, f" {label} ", tag("small", help), class_="box")


def _buttons(state: Editing) -> Markup:
    reviewer = tag("input", type="text", name="reviewer", value="", maxlength="100", autocomplete="name")
    there = bool(state.opened)
    buttons: list[Child] = [
        tag("button", "Save", formaction="/templates/save", class_="main", title="Ctrl+S", id="save"),
        tag("button", "Save as another", formaction="/templates/save", name="how", value="copy") if state.own else None,
        tag("button", "Compare with the saved", formaction="/templates/compare") if there else None,
        tag("button", "Delete", formaction="/templates/delete", data_sure=f"Delete '{state.opened}'?")
        if state.own
        else None,
    ]
    told = f"into {state.place.file.name} of your catalog"
    return joined(
        field("Reviewed by", reviewer, "your name goes into the file with today's date; may be left empty"),
        tag("p", *buttons, class_="bar"),
        tag("p", tag("small", told, title=str(state.place.file))),
    )


def steps(workspace: Workspace) -> Markup | None:
    """Buttons that take the last step back, or the one that was taken back again."""
    undo, redo = history(workspace).offers()
    buttons = [
        tag("button", f"{name}: {said}", formaction=f"/templates/{name.lower()}", class_="step")
        for name, said in (("Undo", undo), ("Redo", redo))
        if said
    ]
    return tag("p", *buttons, class_="bar") if buttons else None
