"""Ask: base and tuned model told the same, side by side, their words as they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import JSONResponse
from starlette.routing import Route

from unseen.data.places import models_root
from unseen.errors import UserMistake
from unseen.model.embedded import ALIAS
from unseen.reporting.markup import Markup, joined, tag
from unseen.studio.asking import anew, asked_of, manner_of, sides_of
from unseen.studio.events import streamed
from unseen.studio.frame import Page, choice, field, note
from unseen.studio.model_sizes import memory_needed, names, runs_with_models
from unseen.studio.pages.answers import answers_come, turns_of
from unseen.studio.pages.ask_choices import choices_of, right_of, row_of
from unseen.studio.pages.ask_form import CHOSEN, question_form, row_form
from unseen.studio.reply import Shown, Values, shows, told
from unseen.studio.row_question import RowQuestion
from unseen.studio.talk import Side, Talk, Talks
from unseen.studio.workspace import Workspace
from unseen.study.means import memory

MOST_RUNS = 300  # that are listed


def routes() -> list[Route]:
    return [
        Route("/ask", shows(ask)),
        Route("/ask", shows(did), methods=["POST"]),
        Route("/ask/question", shows(question)),
        Route("/ask/stream/{talk}/{turn}/{column}", shows(stream)),
    ]


def talks_of(workspace: Workspace) -> Talks:
    """The talks of this studio, and the models that are in memory for them."""
    found: Talks = workspace.kept("talks", None, Talks)
    return found


def ask(workspace: Workspace, values: Values) -> Shown:
    """The page; with a task, its row is the question that begins."""
    said, talk = None, talks_of(workspace).talk(values.get("talk", ""))
    if values.get("task"):
        try:
            row = row_of(workspace, values)
        except UserMistake as mistake:
            said = told("wrong", *mistake.lines)
        else:
            values = {**values, "text": row.text, "choices": "\n".join(row.choices)}
            said = _where_from(row)
            return replace(_page(workspace, talk, values, said), at=row.at)
    return _page(workspace, talk, values, said)


def did(workspace: Workspace, values: Values) -> Shown:
    """What a button asks for: `say`, `again`, `stop`, `clear` or `unchoose`. What was typed stays where it was not
    said."""
    talks = talks_of(workspace)
    talk, deed = talks.talk(values.get("talk", "")), values.get("do", "say")
    try:
        if deed == "stop":
            talks.stop(talk)
        elif deed == "clear":
            talks.forget(talk.id)
            talk = talks.talk("")
        elif deed == "unchoose":
            values = {**values, "choices": ""}
        elif deed == "again":
            sides, manner = sides_of(workspace, values), manner_of(values)
            talks.say(talk, anew(talks.again(talk), manner), sides)
        else:
            asked = replace(asked_of(values), right=right_of(workspace, values))
            talks.say(talk, asked, sides_of(workspace, values))
            values = {**values, "text": "", "said": values.get("text", "")}
    except UserMistake as mistake:
        return _page(workspace, talk, values, told("wrong", *mistake.lines))
    return _page(workspace, talk, values)


def question(workspace: Workspace, values: Values) -> Shown:
    """A row as a question, for the script: `text`, `choices`, and `told` as markup."""
    try:
        row = row_of(workspace, values)
    except UserMistake as mistake:
        return JSONResponse({"told": told("wrong", *mistake.lines)})
    choices = "\n".join(row.choices)
    of = choices_of(row, {**values, "text": row.text, "choices": choices})
    return JSONResponse({"text": row.text, "choices": choices, "told": _where_from(row), "of": of})


def stream(workspace: Workspace, values: Values) -> Shown:
    """One answer as it comes."""
    turn, column = (int(values[name]) if values[name].isdecimal() else -1 for name in ("turn", "column"))
    answering, asked = talks_of(workspace).answering(values["talk"], turn, column)
    return streamed(answers_come(answering, asked.right))


def _where_from(row: RowQuestion) -> Markup:
    right = tag("p", "The row's own answer: ", tag("q", row.right)) if row.right else None
    return note("plain", tag("p", row.told), right)


def _page(workspace: Workspace, talk: Talk, values: Mapping[str, str], said: Markup | None = None) -> Page:
    runs = [each.name for each in runs_with_models(workspace.runs)[:MOST_RUNS]]
    if not any(values.get(name) for name in CHOSEN):
        values = {**values, **({"run": runs[0]} if runs else {"left": ALIAS})}
    try:
        sides = sides_of(workspace, values)
    except UserMistake as mistake:
        sides, said = [], said or told("wrong", *mistake.lines)
    parts = [
        _models(values, runs, _memory(workspace, sides) if sides else None),
        tag("div", turns_of(talk), id="turns"),
        tag("div", said, id="ask-said"),
        question_form(workspace, talk, values),
        row_form(workspace, talk, values),
        tag("noscript", note("warn", "Without script, load the page again to see how far an answer is.")),
    ]
    return Page("Ask", "/ask", joined(*parts), wide=True, styles=("ask.css",), scripts=("ask.js",))


def _models(values: Mapping[str, str], runs: list[str], needs: Markup | None) -> Markup:
    known = tag("datalist", *(tag("option", value=name) for name in names()), id="models")
    listed = choice("run", [("", "choose a run"), *((name, name) for name in runs)], values.get("run", ""))
    left, right = (
        tag("input", name=name, value=values.get(name, ""), list="models", placeholder="alias, folder or hub id")
        for name in ("left", "right")
    )
    of_run = tag("form", field("A run", listed), tag("button", "Talk to it"), action="/ask", method="get", class_="bar")
    none = None if runs else tag("p", "There is no run with a model yet. ", tag("a", "Start one", href="/start"), ".")
    of_two = [field("A model", left), field("Another", right), known, tag("button", "Talk to them")]
    forms = [none or of_run, tag("form", *of_two, action="/ask", method="get", class_="bar")]
    where = "" if models_root() else " Set UNSEEN_MODELS to a folder of models to have their names listed."
    summary = tag("summary", "Talk to another run, or to any two models")
    more = tag("details", summary, *forms, tag("small", where) if where else None, open=not runs)
    return tag("div", tag("div", needs, id="sides"), more, class_="card")


def _memory(workspace: Workspace, sides: list[Side]) -> Markup:
    """What is talked to, and the memory that this takes, before it is taken."""
    workers, free = talks_of(workspace).workers, memory()
    items, missing = [], 0
    for model in dict.fromkeys(side.model for side in sides):
        label = next(side.label for side in sides if side.model == model)
        needed, state = memory_needed(model), workers.state(model)
        about = f"about {needed >> 20:,} MB" if needed is not None else "not ready here: it is fetched or made first"
        here = {"ready": "in memory", "loading": "being loaded", "gone": f"loaded when it is asked, {about}"}[state]
        missing += (needed or 0) if state == "gone" else 0
        items.append(tag("li", tag("b", label), f": {here}"))
    short = f"Together they need more than the {free >> 20:,} MB that are free: one of them may be killed."
    spare = tag("p", f"{free >> 20:,} MB are free.", class_="faint")
    return joined(tag("ul", *items, class_="sides"), note("warn", short) if missing > free else spare)
