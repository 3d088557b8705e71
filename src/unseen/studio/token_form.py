"""The fields that the pages of tokens share: model, format, numbers; and what is said where a model is not here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import get_args
from urllib.parse import urlencode

from unseen.errors import UserMistake
from unseen.reporting.markup import Markup, joined, tag
from unseen.studio.background import Errand
from unseen.studio.frame import choice, field, note
from unseen.studio.reply import Values
from unseen.studio.tokenizers import DEFAULT, NotHere, Ready, Wanted, model_names, ready
from unseen.studio.waiting import waiting
from unseen.studio.workspace import Workspace

TABS = (
    ("/tokens", "A row of a task"),
    ("/tokens/text", "A text of your own"),
    ("/tokens/step", "A recipe's first step"),
)
FORMATS = [("auto", "the model's own"), ("chat", "chat"), ("plain", "plain")]
TOKENIZER = "only its tokenizer is read here, so the list has folders that hold nothing else too"
LEAST_LIMIT, NO_LIMIT = 8, 1 << 20  # of max_tokens


def tabs(here: str) -> Markup:
    links = [tag("a", name, href=path, aria_current="page" if path == here else None) for path, name in TABS]
    return tag("nav", *links, class_="tabs", aria_label="What is shown as tokens")


def number_field(
    label: str, name: str, values: Values, default: str, least: int = 0, most: int | None = None, about: str = ""
) -> Markup:
    value, title = values.get(name, default), about or None
    control = tag("input", type="number", name=name, value=value, min=least, max=most, inputmode="numeric", title=title)
    return field(label, control)


def model_field(workspace: Workspace, values: Values) -> Markup:
    value = values.get("model") or DEFAULT
    control = tag("input", name="model", value=value, list="models", size=26, title=TOKENIZER, autocomplete="off")
    return joined(field("Model", control), data_list("models", model_names(workspace)))


def data_list(id: str, names: Sequence[str]) -> Markup:
    return tag("datalist", *(tag("option", value=name) for name in names), id=id)


def format_choice(values: Values) -> Markup:
    return field("Format", choice("format", FORMATS, values.get("format") or "auto"))


def wanted_format(values: Values) -> Wanted:
    """The format that the form names. Raises `UserMistake` for one that there is not."""
    given = values.get("format") or "auto"
    for each in get_args(Wanted):
        if each == given:
            known: Wanted = each
            return known
    raise UserMistake("format", f"'{given[:40]}' is none", "take auto, chat or plain")


def with_model(
    workspace: Workspace, values: Values, back: str, show: Callable[[Ready], Markup], tokens: tuple[str, ...] = ()
) -> Markup:
    """What `show` makes of the form's model, which also knows `tokens`; or how to get one that is not on this machine,
    which leads `back` to this page."""
    try:
        return show(ready(workspace, values.get("model") or DEFAULT, tokens))
    except NotHere as absent:
        job = workspace.background.get(key_of_model(absent.name))
        if job is None or job.finished:
            return joined(*map(_went_wrong, job.lines if job else ()), _offered(absent, back))
        return tag("div", getting(job), data_stream=f"/models/stream?{urlencode({'model': absent.name})}")


def key_of_model(name: str) -> str:
    return f"model {name}"


def getting(job: Errand) -> Markup:
    """How far the getting of a model is, or what went wrong."""
    if job.lines:
        return joined(*map(_went_wrong, job.lines))
    told = tag("p", "The page shows its tokens when it is here.", class_="faint")
    return note("plain", waiting(f"Getting {job.about}", job.standing, job.seconds), told)


def _went_wrong(line: str) -> Markup:
    return note("wrong", tag("p", line))


def _offered(absent: NotHere, back: str) -> Markup:
    """A model that is not here, and the button that gets it, so that nothing is fetched unasked."""
    path = f"/models/get?{urlencode({'get': absent.name, 'back': back})}"
    button = tag("button", f"Get {absent.name}", formaction=path, formmethod="post", class_="main")
    return note("warn", tag("p", f"The model {absent.name} {absent.todo}."), tag("p", button))
