"""Tokens: a row of a task, or a text of one's own, as the tokens that a model reads, and the trie that rows share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode

from starlette.routing import Route

from unseen.encode.cuts import Fitted, fit_with_parts
from unseen.encode.encode import encode_whole
from unseen.encode.parts import parts_of
from unseen.errors import UserMistake
from unseen.prompt.example import Example, Segment, Span
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted, row_name
from unseen.reporting.showing import sequences_read
from unseen.studio.frame import PATHS, Page, choice, field, nothing
from unseen.studio.hand_on import At, at_mark
from unseen.studio.pages.template_form import show
from unseen.studio.reply import Shown, Values, in_its_place, shows
from unseen.studio.token_form import (
    LEAST_LIMIT,
    NO_LIMIT,
    data_list,
    format_choice,
    model_field,
    number_field,
    tabs,
    wanted_format,
    with_model,
)
from unseen.studio.token_rows import FIRST_ROWS, MOST_ROWS, MOST_SHOTS, Wanted, examples_of, with_row
from unseen.studio.token_view import common_start, encoded_shown, trie_shown
from unseen.studio.tokenizers import Ready
from unseen.studio.turned import turned_note
from unseen.studio.values import whole_number
from unseen.studio.workspace import Workspace

STYLES, SCRIPTS = ("trie.css", "tokens.css"), ("tokens.js",)
MOST_TEXT = 200_000  # characters of a pasted text
LONGEST = "a row that has more is cut to this, as train.max_tokens cuts it in a run; no limit when empty"
DRAWN = "how many rows, from this one on, the figure at the foot draws together: what they share stands once in it"


def routes() -> list[Route]:
    return [
        Route("/tokens", shows(tokens)),
        Route("/tokens/trie", shows(trie)),
        Route("/tokens/text", shows(text), methods=["GET", "POST"]),
    ]


def tokens(workspace: Workspace, values: Values) -> Shown:
    """The form, and below it what it asks for; without a task, the first one there is."""
    names = list(workspace.catalog().tasks)
    if not names:
        return _page("/tokens", nothing("There is no task yet. Browse says why, and Templates makes one."))
    given = {name: value for name, value in values.items() if value}
    at = _chosen(workspace, given)
    values = _as_named({"task": names[0], **given})
    fields = tag("div", *show(), _task_field(names, values), *_fields(workspace, values), class_="bar fields")
    mark = at_mark(at, PATHS) if at else None
    found = tag("div", in_its_place(lambda: _row(workspace, values)), mark, id="shown")
    shown = tag("form", fields, found, action="/tokens", method="get", data_live="#shown")
    return replace(_page("/tokens", shown), at=at)


def _chosen(workspace: Workspace, given: Values) -> At | None:
    """What the address chose; nothing where it names no task, which the page then chooses, or what is not there."""
    try:
        wanted = Wanted.of(workspace, given) if "task" in given else None
    except UserMistake:
        return None
    if wanted is None:
        return None
    names = wanted.task.way_names
    return At(wanted.task.name, names[wanted.template] if names else "", wanted.split, wanted.row)


def _as_named(values: Values) -> Values:
    """A row that names its split as split and number; what names no row is told in its place."""
    try:
        return with_row(values)
    except UserMistake:
        return values


def _page(here: str, *body: Markup) -> Page:
    return Page("Tokens", "/tokens", joined(tabs(here), *body), wide=True, styles=STYLES, scripts=SCRIPTS)


def _task_field(names: Sequence[str], values: Values) -> Markup:
    control = tag("input", name="task", value=values["task"], list="tasks", data_key="/", size=28, autocomplete="off")
    return joined(field("Task", control), data_list("tasks", names))


def _fields(workspace: Workspace, values: Values) -> Sequence[Markup]:
    return (
        _row_field(values),
        number_field("Exemplars", "shots", values, "0", most=MOST_SHOTS),
        model_field(workspace, values),
        format_choice(values),
        number_field("Longest, in tokens", "max_tokens", values, "", least=LEAST_LIMIT, about=LONGEST),
        number_field("Rows drawn together", "rows", values, str(FIRST_ROWS), least=1, most=MOST_ROWS, about=DRAWN),
    )


def _row_field(values: Values) -> Markup:
    """A row by the name that predictions give it."""
    about = "the number of its record in the file, or a whole name as predictions have it: test[12]"
    control = tag("input", name="row", value=values.get("row", ""), placeholder="the first", size=8, title=about)
    return field("Row", control)


def _row(workspace: Workspace, values: Values) -> Markup:
    """Template and split, the tokens of the row, and where the trie of the rows from it on is asked for."""
    wanted = Wanted.of(workspace, values)

    def shown(ready: Ready, first: Example, *next_one: Example) -> Markup:
        limit, layout = _limit(values), ready.format(wanted_format(values))
        fitted = fit_with_parts(first, ready.tokenizer, layout, limit)
        others = encode_whole(next_one, ready.tokenizer, layout)
        trunk = common_start([fitted.encoded, *others]) if others else 0
        name = tag("h2", f"Row {row_name(first.split, first.row)}", id="row-shown", data_number=str(first.row))
        shown_row = encoded_shown(fitted, ready, layout, values, trunk, "/tokens")
        return joined(name, shown_row, _trie_below(workspace, values))

    def found() -> Markup:
        examples = examples_of(workspace, replace(wanted, rows=2))  # a wrong row is told before a model is asked for
        return with_model(workspace, values, "/tokens", lambda ready: shown(ready, *examples))

    return joined(_choices(wanted), turned_note([wanted.task.name]), in_its_place(found))


def _limit(values: Values) -> int:
    return whole_number(values, "max_tokens", NO_LIMIT, LEAST_LIMIT, NO_LIMIT)


def _trie_below(workspace: Workspace, values: Values) -> Markup:
    """The trie is made when it is looked at, or asked for: sixty-four rows with many exemplars take a while."""
    head, said = tag("h2", "The trie", id="trie"), {name: value for name, value in values.items() if name != "drawn"}
    if "drawn" in values:
        return joined(head, in_its_place(lambda: _trie(workspace, values)))
    link = tag("a", "Draw it", href=f"/tokens?{urlencode({**said, 'drawn': 'yes'})}#trie")
    return joined(head, tag("div", link, data_fill=f"/tokens/trie?{urlencode(said)}"))


def trie(workspace: Workspace, values: Values) -> Shown:
    """The trie of what a model reads for the rows from the wanted one on."""
    shown = in_its_place(lambda: _trie(workspace, values))
    return Page("The trie", "/tokens", shown, wide=True, styles=STYLES, scripts=SCRIPTS)


def _trie(workspace: Workspace, values: Values) -> Markup:
    wanted = Wanted.of(workspace, values)

    def shown(ready: Ready) -> Markup:
        layout, examples = ready.format(wanted_format(values)), examples_of(workspace, wanted)
        read = list(sequences_read(wanted.task, examples, ready.tokenizer, layout, _limit(values)))
        what = "every option of" if wanted.task.kind == "choose" else "what is read for"
        said = f"It is {what} {counted(len(examples), 'row')} from this one on; every distinct token stands once."
        return joined(tag("p", said), trie_shown(read, ready, layout))

    return with_model(workspace, values, "/tokens", shown)


def _choices(wanted: Wanted) -> Markup:
    names = [(name, name) for name in wanted.task.way_names]
    splits = [(name, name) for name in wanted.task.dataset.splits]
    return tag(
        "div",
        field("Template", choice("template", names, names[wanted.template][0])) if names else None,
        field("Split", choice("split", splits, wanted.split)),
        tag("input", type="hidden", name="of", value=wanted.task.name),
        tag("input", type="hidden", name="shown", value=wanted.split),
        class_="bar fields",
    )


def text(workspace: Workspace, values: Values) -> Shown:
    """A pasted text, as a user's turn with its answer."""
    fields = (
        field("Text", tag("textarea", values.get("text", ""), name="text", rows=6, data_key="/")),
        field("Answer", tag("textarea", values.get("answer", ""), name="answer", rows=2), "May be empty."),
        tag("div", model_field(workspace, values), format_choice(values), tag("button", "Show"), class_="bar fields"),
    )
    found = tag("div", in_its_place(lambda: _text(workspace, values)), id="shown")
    return _page("/tokens/text", tag("form", *fields, action="/tokens/text", method="post", data_live="#shown"), found)


def _text(workspace: Workspace, values: Values) -> Markup:
    said, answer = values.get("text", ""), values.get("answer", "")
    if not said and not answer:
        return nothing("Paste a text above: its tokens stand here while you type.")
    if len(said) + len(answer) > MOST_TEXT:
        raise UserMistake("text", f"is over {MOST_TEXT:,} characters", "paste a part of it")
    asked = Segment("user", said, spans=(Span(0, len(said), ("text",)),))
    example = Example("text", "pasted", "here", 0, (asked, Segment("assistant", answer, 1.0)))

    def shown(ready: Ready) -> Markup:
        layout = ready.format(wanted_format(values))
        encoded = encode_whole([example], ready.tokenizer, layout)[0]
        parts = tuple(parts_of(example, ready.tokenizer, layout))
        fitted = Fitted(example, encoded, parts, len(encoded.ids), ())
        return encoded_shown(fitted, ready, layout, values, 0, "/tokens/text")

    return with_model(workspace, values, "/tokens/text", shown)
