"""Mixture and split: a recipe's tasks as a tree, what its mixture draws, what is held out, and the proof."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.routing import Route

from unseen.errors import RecipeMistake, UserMistake
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import whole
from unseen.studio.background import Errand
from unseen.studio.comparing import Asked, Compared, compared_in_background, is_small, key_of
from unseen.studio.events import Event, followed, streamed
from unseen.studio.frame import Page, choice, field, joined_lines, note
from unseen.studio.hand_on import all_datasets
from unseen.studio.mixture_tree import tree
from unseen.studio.mixture_view import outcome, verdict
from unseen.studio.pages.runs import run_path
from unseen.studio.recipes import AROUND, DRAFT, RUN, offered_recipes, recipe_of, recipe_text, worked_with
from unseen.studio.reply import Shown, Values, in_its_place, shows, went_to
from unseen.studio.workspace import Workspace
from unseen.study.selected import Selected, selected_tasks

STYLES = ("mixture.css", "trie.css", "tokens.css")
LONGEST = 200_000  # characters of a recipe that is typed


def routes() -> list[Route]:
    return [
        Route("/mixture", shows(mixture), methods=["GET", "POST"]),
        Route("/mixture/compare", shows(compare), methods=["POST"]),
        Route("/mixture/stop", shows(stop), methods=["POST"]),
        Route("/mixture/stream", shows(stream)),
    ]


def mixture(workspace: Workspace, values: Values) -> Shown:
    """A recipe that was chosen, typed or compared before, or that the user is at; and below it what it comes to."""
    job = workspace.background.get(values.get("job", ""))
    named = values.get("file") or values.get("recipe") or worked_with(workspace, values.get("dataset", ""))
    name = job.about.path if job else named
    wrong = None
    try:
        text = job.about.text if job else values["text"] if "text" in values else recipe_text(workspace, name)
    except UserMistake as mistake:
        text, wrong = "", note("wrong", joined_lines(mistake.lines))
    found = wrong or in_its_place(lambda: _found(workspace, text, name))
    body = joined(
        _chooser(workspace, name), None if wrong else _opened(name), _editor(text, name, tag("div", found, id="shown"))
    )
    return Page("Mixture and split", "/mixture", body, wide=True, styles=STYLES)


def _chooser(workspace: Workspace, name: str) -> Markup:
    offered = offered_recipes(workspace)
    shown = f"tunes on {name.removeprefix(AROUND)}" if name.startswith(AROUND) else name
    known = [*offered, *([(name, shown)] if name not in dict(offered) else [])]
    return tag(
        "form",
        field("Recipe", choice("recipe", known, name, data_key="/")),
        field("or another file", tag("input", name="file", placeholder="path/to/recipe.yaml", autocomplete="off")),
        tag("button", "Open"),
        action="/mixture",
        method="get",
        class_="bar fields",
    )


def _opened(name: str) -> Markup | None:
    """What a recipe is that is no file, and the way to where it comes from."""
    if name.startswith(DRAFT):
        link = tag("a", "Start", href=f"/start?{urlencode({'draft': name.removeprefix(DRAFT)})}")
        return tag("p", "This is your draft, as it stands on ", link, ".", class_="faint")
    if name.startswith(AROUND):
        dataset = name.removeprefix(AROUND)
        start = tag("a", "Begin with it on Start", href=f"/start?{urlencode({'dataset': dataset, 'as': 'seen'})}")
        mine = tag("a", "the recipe that you are at", href="/mixture")
        said = (f"You looked at {dataset} last, which ", mine, " does not name. This one tunes on it. ")
        return tag("p", *said, start, " · ", all_datasets(), class_="faint handed")
    if name.startswith(RUN):
        path = name.removeprefix(RUN)
        return tag("p", "This is the recipe of the run ", tag("a", path, href=run_path(path)), ".", class_="faint")
    return None


def _editor(text: str, name: str, found: Markup) -> Markup:
    """The recipe's text; what stands below follows it while one types. Nothing is written back."""
    area = tag("textarea", text, name="text", rows=min(max(text.count("\n") + 2, 8), 18), spellcheck="false")
    return tag(
        "form",
        tag("input", type="hidden", name="recipe", value=name),
        field("What it says", area, "Change it here to see what would change; what was opened stays as it is."),
        tag("p", tag("button", "Show")),
        found,
        action="/mixture",
        method="post",
        data_live="#shown",
    )


def _found(workspace: Workspace, text: str, path: str) -> Markup:
    asked, selected = _asked(workspace, text, path)
    key = key_of(asked.recipe, selected)
    job = workspace.background.get(key)
    if job is None and is_small(selected):
        job = compared_in_background(workspace.background, asked, selected)
    if job is None:
        return joined(_to_compare(selected), tree(asked.recipe, selected, None))
    shown, finished = progress(job, selected)
    if finished:
        return shown
    return tag("div", shown, data_stream=f"/mixture/stream?{urlencode({'job': key})}")


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
    try:
        asked, selected = _asked(workspace, values.get("text", ""), values.get("recipe", ""))
    except UserMistake:
        return mixture(workspace, values)  # which tells it in its place, with the text kept
    return went_to(f"/mixture?{urlencode({'job': compared_in_background(workspace.background, asked, selected).key})}")


def stop(workspace: Workspace, values: Values) -> Shown:
    """End a comparison at its next row."""
    job = workspace.background.get(values.get("job", ""))
    if job is not None:
        job.to_stop = True
    return went_to(f"/mixture?{urlencode({'job': values.get('job', '')})}")


def stream(workspace: Workspace, values: Values) -> Shown:
    """How far a comparison is, told while it goes on, and in the end what came of it."""
    job = workspace.background.get(values["job"])
    if job is None:
        return streamed(iter([Event("gone")]))
    _, selected = _asked(workspace, job.about.text, job.about.path)
    return followed(lambda: progress(job, selected))


def progress(job: Errand, selected: Selected) -> tuple[Markup, bool]:
    """What there is to show of a job, and whether that is all."""
    recipe = job.about.recipe
    if job.state == "done":
        compared: Compared = job.value
        shown = (verdict(compared), _links(job, compared), tree(recipe, selected, compared), outcome(compared))
        return joined(*shown), True
    if job.state in ("failed", "stopped"):
        lines = job.lines or ("The comparison was stopped.",)
        again = tag("button", "Compare again", formaction="/mixture/compare")
        told = note("wrong" if job.lines else "plain", joined_lines(tuple(lines)), tag("p", again))
        return joined(told, tree(recipe, selected, None)), True
    return joined(_working(job), tree(recipe, selected, None)), False


def _links(job: Errand, compared: Compared) -> Markup | None:
    if not compared.shares:
        return None
    path = f"/tokens/step?{urlencode({'job': job.key})}"
    places = (("#draws", "what is drawn first"), ("#proof", "the proof"), (path, "the first step as a trie of tokens"))
    links = [joined(" · " if number else "", tag("a", name, href=to)) for number, (to, name) in enumerate(places)]
    return tag("p", "Below: ", *links)


def _working(job: Errand) -> Markup:
    if job.state == "waiting":
        said = "Waits for another comparison to end."
    elif job.total is None:
        said = "Reads the rows; a file that is read for the first time takes longest."
    elif job.done >= job.total:
        said = f"All {whole(job.total)} rows were compared; deals them to the mixture."
    else:
        said = f"Compares the texts: {whole(job.done)} of {whole(job.total)} rows."
    bar = tag("progress", max=job.total or 1, value=job.done if job.total else None, aria_label=said)
    again = tag("a", "See how far it is", href=f"/mixture?{urlencode({'job': job.key})}")
    end = tag("button", "Stop", formaction=f"/mixture/stop?{urlencode({'job': job.key})}")
    return note("plain", tag("p", said), tag("p", bar), tag("p", end, " ", again))
