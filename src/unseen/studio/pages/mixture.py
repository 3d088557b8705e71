"""Mixture and split: a recipe's tasks as a tree, what its mixture draws, what is held out, and the proof."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.routing import Route

from unseen.errors import RecipeMistake, UserMistake
from unseen.reporting.markup import Markup, joined, tag
from unseen.studio.background import Errand
from unseen.studio.beginnings import own_catalogs
from unseen.studio.comparing import Asked, Compared, compared_in_background, is_small, key_of
from unseen.studio.events import Event, followed_line, streamed
from unseen.studio.frame import Page, choice, field, joined_lines, note
from unseen.studio.kept_recipes import Writer, new_id
from unseen.studio.mixture_tree import tree
from unseen.studio.mixture_view import outcome, verdict
from unseen.studio.pages.mixture_origin import mark_of, opened_as, standing_of, taken
from unseen.studio.recipes import AROUND, offered_recipes, recipe_of, recipe_text, worked_with
from unseen.studio.reply import Shown, Values, shows, went_to
from unseen.studio.waiting import waiting
from unseen.studio.workspace import Workspace
from unseen.study.selected import Selected, selected_tasks

STYLES = ("mixture.css", "trie.css", "tokens.css")
LONGEST = 200_000  # characters of a recipe that is typed


def routes() -> list[Route]:
    return [
        Route("/mixture", shows(mixture), methods=["GET", "POST"]),
        Route("/mixture/compare", shows(compare), methods=["POST"]),
        Route("/mixture/take", shows(take), methods=["POST"]),
        Route("/mixture/stop", shows(stop), methods=["POST"]),
        Route("/mixture/stream", shows(stream)),
    ]


def mixture(workspace: Workspace, values: Values, said: Markup | None = None) -> Shown:
    """A recipe that was chosen, typed or compared before, or that the user is at; and below it what it comes to."""
    job = workspace.background.get(values.get("job", ""))
    named = values.get("file") or values.get("recipe") or worked_with(workspace, values.get("dataset", ""))
    name = job.about.path if job else named
    wrong = None
    try:
        text = job.about.text if job else values["text"] if "text" in values else recipe_text(workspace, name)
    except UserMistake as mistake:
        text, wrong = "", note("wrong", joined_lines(mistake.lines))
    page = values.get("page") or new_id()
    was = values.get("was", "") if job or "text" in values else mark_of(text)
    found = tag("div", wrong or _shown(workspace, text, name, page), id="shown")
    opened = None if wrong else opened_as(workspace, name)
    body = joined(said, _chooser(workspace, name, page), opened, _editor(text, name, page, was, found))
    return Page("Mixture and split", "/mixture", body, wide=True, styles=STYLES)


def take(workspace: Workspace, values: Values) -> Shown:
    """The text as a draft on Start, and there; nothing that stands there already is lost."""
    writer = Writer(values.get("page") or new_id())
    try:
        draft = taken(workspace, values.get("recipe", ""), values.get("text", ""), values.get("was", ""), writer)
    except UserMistake as mistake:
        return mixture(workspace, values, note("wrong", joined_lines(mistake.lines)))
    return went_to(f"/start?{urlencode({'draft': draft})}")


def _chooser(workspace: Workspace, name: str, page: str) -> Markup:
    offered = offered_recipes(workspace)
    shown = f"tunes on {name.removeprefix(AROUND)}" if name.startswith(AROUND) else name
    known = [*offered, *([(name, shown)] if name not in dict(offered) else [])]
    return tag(
        "form",
        _hidden(page),
        field("Recipe", choice("recipe", known, name, data_key="/")),
        field("or another file", tag("input", name="file", placeholder="path/to/recipe.yaml", autocomplete="off")),
        tag("button", "Open"),
        action="/mixture",
        method="get",
        class_="bar fields",
    )


def _hidden(page: str) -> Markup:
    """What tells this page's own comparisons from those that other pages follow."""
    return tag("input", type="hidden", name="page", value=page)


def _editor(text: str, name: str, page: str, was: str, found: Markup) -> Markup:
    """The recipe's text; what stands below follows it while one types. It goes to Start by a button alone."""
    area = tag("textarea", text, name="text", rows=min(max(text.count("\n") + 2, 8), 18), spellcheck="false")
    return tag(
        "form",
        _hidden(page),
        tag("input", type="hidden", name="recipe", value=name),
        tag("input", type="hidden", name="was", value=was),
        field("What it says", area, "Change it here to see what would change; what was opened stays as it is."),
        tag("p", tag("button", "Show")),
        found,
        action="/mixture",
        method="post",
        data_live="#shown",
    )


def _shown(workspace: Workspace, text: str, name: str, page: str) -> Markup:
    """How the text stands to what was opened, and what it comes to or what is wrong with it."""
    try:
        found, holds = _found(workspace, text, name, page), True
    except UserMistake as mistake:
        found, holds = note("wrong", joined_lines(mistake.lines)), False
    return joined(standing_of(workspace, text, name, holds), found)


def _found(workspace: Workspace, text: str, path: str, page: str) -> Markup:
    return joined(_catalogs(workspace, text, path), _compared(workspace, text, path, page))


def _catalogs(workspace: Workspace, text: str, path: str) -> Markup | None:
    """That a recipe does not look where the user's own tasks are."""
    named = _asked(workspace, text, path)[0].recipe.catalogs
    if not (own := own_catalogs(workspace, named)):
        return None
    said = (
        f"Its catalogs are {', '.join(named)}: tasks of {', '.join(own)} are not in it until that is added to catalogs."
    )
    return tag("p", said, class_="faint")


def _compared(workspace: Workspace, text: str, path: str, page: str) -> Markup:
    asked, selected = _asked(workspace, text, path)
    key = key_of(asked.recipe, selected)
    job = workspace.background.get(key)
    if (job is None or job.is_lost) and is_small(selected):
        job = compared_in_background(workspace.background, asked, selected, page)
    if job is None:
        return joined(_to_compare(selected), tree(asked.recipe, selected, None))
    finished = job.finished  # looked at first: it may finish while it is shown
    shown = _standing(workspace, job, selected, page)
    if finished:
        return shown
    return tag("div", shown, data_stream=_address("/mixture/stream", key, page))


def _address(path: str, job: str, page: str) -> str:
    return f"{path}?{urlencode({'job': job, 'page': page})}"


def _asked(workspace: Workspace, text: str, path: str) -> tuple[Asked, Selected]:
    """The recipe that was typed, and the tasks that it names. Raises what is wrong with either."""
    if len(text) > LONGEST:
        raise RecipeMistake("recipe", f"is over {LONGEST:,} characters", "no recipe is so long")
    recipe = recipe_of(text, path)
    return Asked(text, path, recipe), selected_tasks(recipe, workspace.catalog_of(recipe.catalogs))


def _to_compare(selected: Selected) -> Markup:
    button = tag("button", "Compare the sides", formaction="/mixture/compare", class_="main")
    said = "Its rows are many: reading and comparing them takes from some seconds to some minutes."
    return note("plain", tag("p", said), tag("p", button))


def compare(workspace: Workspace, values: Values) -> Shown:
    """Begin the comparison that the button asks for, and go to the page that shows it."""
    page = values.get("page", "")
    try:
        asked, selected = _asked(workspace, values.get("text", ""), values.get("recipe", ""))
    except UserMistake:
        return mixture(workspace, values)  # which tells it in its place, with the text kept
    return went_to(_address("/mixture", compared_in_background(workspace.background, asked, selected, page).key, page))


def stop(workspace: Workspace, values: Values) -> Shown:
    """End a comparison at its next row."""
    job = workspace.background.get(values.get("job", ""))
    if job is not None:
        job.to_stop = True
    return went_to(_address("/mixture", values.get("job", ""), values.get("page", "")))


def stream(workspace: Workspace, values: Values) -> Shown:
    """How far a comparison is, told while it goes on, and in the end what came of it."""
    job, page = workspace.background.get(values["job"]), values.get("page", "")
    if job is None:
        return streamed(iter([Event("gone")]))
    _, selected = _asked(workspace, job.about.text, job.about.path)

    def line() -> Markup | None:
        return None if job.finished else _working(workspace, job, page)

    return followed_line(line, lambda: _standing(workspace, job, selected, page), job.followed_by(page))


def _standing(workspace: Workspace, job: Errand, selected: Selected, page: str) -> Markup:
    """What there is to show of a job."""
    recipe = job.about.recipe
    if job.state == "done":
        compared: Compared = job.value
        shown = (verdict(compared), _links(job, compared), tree(recipe, selected, compared), outcome(compared))
        return joined(*shown)
    if job.state in ("failed", "stopped"):
        lines = job.lines or ("The comparison was stopped.",)
        again = tag("button", "Compare again", formaction="/mixture/compare")
        told = note("wrong" if job.lines else "plain", joined_lines(tuple(lines)), tag("p", again))
        return joined(told, tree(recipe, selected, None))
    return joined(tag("div", _working(workspace, job, page), data_line=True), tree(recipe, selected, None))


def _links(job: Errand, compared: Compared) -> Markup | None:
    if not compared.shares:
        return None
    path = f"/tokens/step?{urlencode({'job': job.key})}"
    places = (("#draws", "what is drawn first"), ("#proof", "the proof"), (path, "the first step as a trie of tokens"))
    links = [joined(" · " if number else "", tag("a", name, href=to)) for number, (to, name) in enumerate(places)]
    return tag("p", "Below: ", *links)


def _working(workspace: Workspace, job: Errand, page: str) -> Markup:
    """How far the comparison is, or what it waits for."""
    before = workspace.background.before(job) if job.state == "waiting" else None
    shown = _waits(before, page) if before else waiting("Comparing the sides", job.standing, job.seconds)
    again = tag("a", "See how far it is", href=_address("/mixture", job.key, page))
    end = tag("button", "Stop", formaction=_address("/mixture/stop", job.key, page))
    return note("plain", shown, tag("p", end, " ", again))


def _waits(before: Errand, page: str) -> Markup:
    """Whose comparison is waited for, and how far that one is."""
    name = before.about.recipe.name
    if before.to_stop:
        said = f"Ending the comparison of {name}, which this one replaces; it ends at its next rows."
        return joined(tag("p", said), tag("p", tag("progress", aria_label=said)))
    see = tag("a", f"See the comparison of {name}", href=_address("/mixture", before.key, page))
    what = f"Waits for the comparison of the recipe {name}, which another page follows"
    return joined(waiting(what, before.standing, before.seconds), tag("p", see))
