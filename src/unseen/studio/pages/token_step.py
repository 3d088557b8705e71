"""A step of a recipe's mixture as tokens: the trie of examples that are tuned on together, and what sharing saves."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.routing import Route

from unseen.errors import UserMistake
from unseen.reporting.figures.trie_figure import trie_figure
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, facts
from unseen.reporting.showing import drawn
from unseen.studio.background import Errand
from unseen.studio.comparing import Compared
from unseen.studio.frame import Page
from unseen.studio.reply import Shown, Values, in_its_place, shows
from unseen.studio.token_form import number_field, tabs, with_model
from unseen.studio.token_step import MOST_EXAMPLES, MOST_STEPS, Step, step_of
from unseen.studio.tokenizers import Ready
from unseen.studio.values import whole_number
from unseen.studio.workspace import Workspace

STYLES, SCRIPTS = ("trie.css", "tokens.css"), ("tokens.js",)
FIRST = 16  # examples that are drawn unless more are asked for


def routes() -> list[Route]:
    return [Route("/tokens/step", shows(step))]


def step(workspace: Workspace, values: Values) -> Shown:
    """The step of a recipe whose sides were compared; without one, where to go for it."""
    job = workspace.background.get(values.get("job", ""))
    if job is None or job.state != "done":
        link = tag("a", "Mixture and split", href="/mixture")
        said = "Open a recipe in ", link, ", where a link leads back here when its sides were compared."
        return _page(tag("p", *said, class_="nothing"))
    fields = tag(
        "div",
        number_field("Step", "step", values, "1", least=1, most=MOST_STEPS),
        number_field("Examples", "rows", values, str(FIRST), least=1, most=MOST_EXAMPLES),
        tag("button", "Draw"),
        class_="bar fields",
    )
    shown = tag("div", in_its_place(lambda: _step(workspace, job, values)), id="shown")
    hidden = tag("input", type="hidden", name="job", value=job.key)
    return _page(tag("form", hidden, fields, shown, action="/tokens/step", method="get", data_live="#shown"))


def _page(*body: Markup) -> Page:
    return Page("Tokens", "/tokens", joined(tabs("/tokens/step"), *body), styles=STYLES, scripts=SCRIPTS, wide=True)


def _step(workspace: Workspace, job: Errand, values: Values) -> Markup:
    compared: Compared = job.value
    recipe = compared.settled.recipe
    number = whole_number(values, "step", 1, 1, MOST_STEPS)
    most = whole_number(values, "rows", FIRST, 1, MOST_EXAMPLES)
    if not compared.settled.tuned_on:
        raise UserMistake(recipe.name, "tunes on nothing, so it has no steps", "name tasks under 'seen'")

    def shown(model: Ready) -> Markup:
        found = step_of(compared.settled, model, number, most)
        return joined(_facts(job, found), trie_figure(drawn(found.encoded, found.names, found.format), model.tokenizer))

    named = {**values, "model": recipe.model}
    return with_model(workspace, named, "/tokens/step", shown, tuple(recipe.tokens))


def _facts(job: Errand, found: Step) -> Markup:
    recipe, count = job.about.recipe, len(found.encoded)
    shown = counted(count, "example") + (f" of the step's {found.whole}" if found.whole > count else "")
    link = tag("a", recipe.name, href=f"/mixture?{urlencode({'job': job.key})}")
    said: list[tuple[str, Child]] = [
        ("Recipe", joined(link, f", model {recipe.model}")),
        ("Drawn", f"{shown}, step {found.number}"),
        ("Predicted", counted(sum(each.supervised for each in found.encoded), "token")),
    ]
    if found.cuts:
        told = (f"{name.replace('_', ' ')} {number}" for name, number in found.cuts.items())
        said.append(("Cut to fit", "; ".join(told)))
    if found.too_long:
        said.append(("Left out so far", f"{counted(found.too_long, 'example')} that cannot fit"))
    return facts(said)
