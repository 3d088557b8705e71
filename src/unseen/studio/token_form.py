"""The fields that the pages of tokens share: model, format, numbers; and what is said where a model is not here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import get_args
from urllib.parse import urlencode

from unseen.errors import UserMistake
from unseen.reporting.markup import Markup, joined, tag
from unseen.studio.frame import choice, field, note
from unseen.studio.reply import Values
from unseen.studio.tokenizers import DEFAULT, NotHere, Ready, Wanted, model_names, ready
from unseen.studio.workspace import Workspace

TABS = (
    ("/tokens", "A row of a task"),
    ("/tokens/text", "A text of your own"),
    ("/tokens/step", "A recipe's first step"),
)
FORMATS = [("auto", "the model's own"), ("chat", "chat"), ("plain", "plain")]
LEAST_LIMIT, NO_LIMIT = 8, 1 << 20  # of max_tokens


def tabs(here: str) -> Markup:
    links = [tag("a", name, href=path, aria_current="page" if path == here else None) for path, name in TABS]
    return tag("nav", *links, class_="tabs", aria_label="What is shown as tokens")


def number_field(
    label: str, name: str, values: Values, default: str, least: int = 0, most: int | None = None
) -> Markup:
    value = values.get(name, default)
    return field(label, tag("input", type="number", name=name, value=value, min=least, max=most, inputmode="numeric"))


def model_field(workspace: Workspace, values: Values) -> Markup:
    control = tag("input", name="model", value=values.get("model") or DEFAULT, list="models", autocomplete="off")
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


def with_model(workspace: Workspace, values: Values, show: Callable[[Ready], Markup]) -> Markup:
    """What `show` makes of the form's model, or how to get a model that is not on this machine."""
    name = values.get("model") or DEFAULT
    try:
        return show(ready(workspace, name))
    except NotHere as absent:
        return offered(absent)


def offered(absent: NotHere) -> Markup:
    """A model that is not here, and the button that gets it: a form of its own, so that nothing is fetched unasked."""
    button = tag("button", f"Get {absent.name}", formaction=f"/models/get?{urlencode({'model': absent.name})}",
                 formmethod="post", class_="main")  # fmt: skip
    return note("warn", tag("p", f"The model {absent.name} {absent.todo}."), tag("p", button))
