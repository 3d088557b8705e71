"""Where a recipe on Mixture comes from, how its text stands to that, and the way of an edit to Start."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

from unseen.errors import UserMistake
from unseen.reporting.markup import Markup, tag
from unseen.studio.beginnings import own_catalogs
from unseen.studio.hand_on import all_datasets
from unseen.studio.kept_recipes import Writer, kept_recipes
from unseen.studio.pages.runs import run_path
from unseen.studio.recipes import AROUND, DRAFT, RUN, recipe_of, recipe_text, why_not
from unseen.studio.workspace import Workspace, is_shipped


def opened_as(workspace: Workspace, name: str) -> Markup | None:
    """What was opened, and the way to where it comes from. True whatever is typed since."""
    if name.startswith(DRAFT):
        link = tag("a", "on Start", href=f"/start?{urlencode({'draft': name.removeprefix(DRAFT)})}")
        return tag("p", "Opened: your draft, which stands ", link, ".", class_="faint")
    if name.startswith(AROUND):
        return _around(workspace, name.removeprefix(AROUND))
    if name.startswith(RUN):
        path = name.removeprefix(RUN)
        return tag("p", "Opened: the recipe of the run ", tag("a", path, href=run_path(path)), ".", class_="faint")
    if is_shipped(Path(name)):
        return _shipped(workspace, Path(name))
    return tag("p", f"Opened: the file {name}.", class_="faint") if name else None


def _around(workspace: Workspace, dataset: str) -> Markup:
    start = tag("a", "Begin with it on Start", href=f"/start?{urlencode({'dataset': dataset, 'as': 'seen'})}")
    mine, why = tag("a", "the recipe that you are at", href="/mixture"), why_not(workspace, dataset)
    said = (f"You looked at {dataset} last, and ", mine, f" {why}. " if why else " has it too. ")
    return tag("p", *said, "This one tunes on it. ", start, " · ", all_datasets(), class_="faint handed")


def _shipped(workspace: Workspace, path: Path) -> Markup:
    """A recipe that came with the package, in which the user's catalogs are looked into too."""
    said = f"Opened: {path.stem}, which came with unseen"
    try:
        own = own_catalogs(workspace, recipe_of(path.read_text(encoding="utf-8-sig"), str(path)).catalogs)
    except UserMistake:
        own = []
    added = f", with your catalog {' and '.join(own)} added to its catalogs, as Start adds it" if own else ""
    return tag("p", f"{said}{added}.", class_="faint")


def mark_of(text: str) -> str:
    """Tells a text that was opened from what it became elsewhere."""
    return sha256(_bare(text).encode("utf-8", "replace")).hexdigest()[:24]


def _bare(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def standing_of(workspace: Workspace, text: str, name: str, holds: bool) -> Markup | None:
    """Whether the text is what was opened, and the button that takes what holds to Start; nothing for a draft that is
    on Start as it is here."""
    same = _is_still(workspace, text, name)
    if same and name.startswith((DRAFT, AROUND)):
        return None
    there = "your draft on Start" if name.startswith(DRAFT) else "what was opened"
    said = "" if same else f"Changed: this is not {there}, which stays as it is. "
    if not holds:
        return tag("p", tag("b", said), "It can be taken to Start once it holds.") if said else None
    button = tag("button", "Take it to Start", formaction="/mixture/take")
    return tag("p", tag("b", said) if said else None, button, class_="bar taken")


def _is_still(workspace: Workspace, text: str, name: str) -> bool:
    try:
        return _bare(recipe_text(workspace, name)) == _bare(text)
    except UserMistake:
        return False


def taken(workspace: Workspace, name: str, text: str, was: str, writer: Writer) -> str:
    """Keep `text` as a draft of Start; its id. That is the draft `name` where it is still what was opened, whose mark
    is `was`, and else a new one. Raises what `KeptRecipes.write` raises."""
    kept = kept_recipes(workspace)
    held = kept.of(name.removeprefix(DRAFT)) if name.startswith(DRAFT) else None
    if held is None or mark_of(held.text) != was:
        return kept.write("", text, writer).id
    return kept.write(held.id, text, Writer(writer.page, held.page)).id
