"""The forms of Ask: the question with its buttons and how it is asked, and the row of a task that it may begin from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unseen.reporting.markup import Child, Markup, tag
from unseen.reporting.numbers import counted
from unseen.studio.asking import MOST_NEW_TOKENS, NUMBERS, recipe_of
from unseen.studio.frame import choice, field
from unseen.studio.pages.ask_choices import choices_told
from unseen.studio.talk import Talk
from unseen.studio.workspace import Workspace

CHOSEN = ("run", "left", "right")  # what says which models are talked to


def question_form(workspace: Workspace, talk: Talk, values: Mapping[str, str]) -> Markup:
    """What is asked, by which buttons, and how."""
    hidden = [tag("input", type="hidden", name=name, value=values.get(name, "")) for name in CHOSEN if values.get(name)]
    text = tag(
        "textarea",
        f"\n{values.get('text', '')}",
        name="text",
        rows=4,
        id="say",
        data_key="/",
        placeholder="Ask something. Ctrl+Enter sends it.",
        aria_label="What you ask",
    )
    buttons = [
        tag("button", "Ask", name="do", value="say", class_="main"),
        tag("button", "Stop", name="do", value="stop"),
        tag("button", "Again", name="do", value="again", title="Ask the last question again, in the manner chosen now"),
        tag("button", "Clear", name="do", value="clear", title="Forget the whole talk"),
    ]
    held = tag("span", tag("input", type="hidden", name="talk", value=talk.id), id="talk-id")
    asked = tag("div", *_manner(values), class_="manner")
    ranked = bool(values.get("choices"))  # of a row, perhaps: not to be overlooked where the text is then another
    manner = tag("details", tag("summary", "How it is asked"), asked, open=ranked)
    return tag(
        "form",
        held,
        *hidden,
        text,
        tag("div", choices_told(workspace, values), id="choices-of", role="status"),
        _token(workspace, values),
        tag("p", *_goes_on(talk), class_="faint", id="goes-on"),
        tag("div", *buttons, class_="bar"),
        manner,
        action="/ask",
        method="post",
        id="ask",
        class_="card",
    )


def _goes_on(talk: Talk) -> Sequence[Child]:
    """Whether a model will read what was said before."""
    before = talk.answered
    if not before:
        return ("Begins a talk: the models read this alone.",)
    turns = counted(before, "turn")
    return (
        f"Goes on with the talk above: each model reads {turns} before this one. ",
        tag("b", "Clear"),
        " begins anew.",
    )


def _token(workspace: Workspace, values: Mapping[str, str]) -> Markup | None:
    """The box that puts a new token in, where the run has some: a third column answers with it."""
    tokens = recipe_of(workspace, values["run"]).get("tokens") if values.get("run") else None
    if not isinstance(tokens, dict) or not tokens:
        return None
    options = [("", "without a new token"), *((token, f"also with {token}") for token in tokens)]
    chosen = choice("token", options, values.get("token", ""), aria_label="New token")
    places = [("behind", "behind the question"), ("before", "before the question")]
    where = choice("where", places, values.get("where", ""), aria_label="Where the token is put")
    about = [tag("small", f"{name}: {_described(said)}") for name, said in tokens.items() if _described(said)]
    return tag("div", chosen, where, *about, class_="bar token")


def _described(said: Any) -> str:
    return str(said.get("description") or "") if isinstance(said, dict) else ""


def _manner(values: Mapping[str, str]) -> list[Markup]:
    def number(name: str, label: str, help: str) -> Markup:
        shown = values.get(name, "")
        control = tag("input", name=name, value=shown, placeholder=f"{NUMBERS[name]:g}", inputmode="decimal")
        return field(label, control, help)

    formats = [("auto", "auto: chat where the model has a chat template"), ("chat", "chat"), ("plain", "plain")]
    system = tag("textarea", f"\n{values.get('system', '')}", name="system", rows=2)
    choices = tag("textarea", f"\n{values.get('choices', '')}", name="choices", rows=3)
    return [
        field("Format", choice("format", formats, values.get("format", "")), "How turns are laid out."),
        number("temperature", "Temperature", "0: always the likeliest word. Above it, words are drawn."),
        number("top_p", "Top-p", "Draw from the likeliest words of this mass."),
        number("seed", "Seed", "Of what is drawn: the same seed draws the same words."),
        number("max_new_tokens", "Longest answer", f"In tokens, at most {MOST_NEW_TOKENS}."),
        field("System turn", system, "Stands before the talk; the model's own when empty."),
        field("Answer choices", choices, "One a line: they are ranked by their probability instead of an answer."),
    ]


def row_form(workspace: Workspace, talk: Talk, values: Mapping[str, str]) -> Markup:
    """Which row of a task is put into the question's box."""
    tasks = workspace.catalog().tasks
    known = tag("datalist", *(tag("option", value=name) for name in tasks), id="tasks")
    kept = [
        tag("input", type="hidden", name=name, value=value)
        for name, value in ({name: values.get(name, "") for name in CHOSEN} | {"talk": talk.id}).items()
        if value
    ]
    task = tag("input", name="task", value=values.get("task", ""), list="tasks", placeholder="cluster/dataset")
    template = tag("input", name="template", value=values.get("template", ""), placeholder="1, or its name")
    about = "the number of its record in the file, or a whole name as predictions have it: test[12]"
    row = tag("input", name="row", value=values.get("row", ""), placeholder="the first", title=about)
    controls = [field("Task", task), field("Template", template), field("Row", row), tag("button", "Take this row")]
    form = tag("form", *kept, *controls, known, action="/ask", method="get", class_="bar", id="row")
    return tag(
        "details", tag("summary", "Begin from a row of a task"), form, class_="card", open=bool(values.get("task"))
    )
