"""What a recipe may begin from: one that came with the package, one of the folder ./recipes, a file, or a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unseen.data.places import shipped_catalog
from unseen.errors import RecipeMistake, UserMistake
from unseen.named_path import named_path
from unseen.studio.draft import HEAD, Draft, draft_of_file, draft_of_form, draft_of_text, dumped
from unseen.studio.jobs import NAME, no_name
from unseen.studio.workspace import Workspace, is_shipped
from unseen.task.catalog import UNDER_DATA, Catalog
from unseen.wholefile import write_whole

OWN = Path("recipes")  # where recipes are saved, beside the folder of runs that the studio was started in
ASKED = ("nli/*", "sentiment/*")  # of the shipped catalog: what a recipe that tunes on one dataset is asked
TUNED_ON = ("sentiment/*", "topic/*", "closed_book_qa/*", "commonsense/*")


def recipes() -> dict[str, Path]:
    """Recipe files by the name that they are shown with."""
    shipped = {f"{file.stem} (shipped)": file for file in sorted((shipped_catalog() / "recipes").glob("*.yaml"))}
    return {**shipped, **{str(file): file for file in sorted(OWN.glob("*.yaml"))}}


def begun(workspace: Workspace, recipe: str, file: str, dataset: str, side: str) -> Draft:
    """The draft that was asked for. Raises `UserMistake` for a recipe, a file or a dataset that is not there."""
    if dataset:
        return draft_of_text(around(workspace, dataset, side))
    if file:
        return draft_of_file(named_path(file, RecipeMistake))
    found = recipes()
    if recipe and recipe not in found:
        raise RecipeMistake(recipe, "no such recipe", "choose one of the list, or give a file")
    path = found[recipe] if recipe else next(iter(found.values()))
    return of_shipped(workspace, path) if is_shipped(path) else draft_of_file(path)


def of_shipped(workspace: Workspace, path: Path) -> Draft:
    """A recipe that came with the package as a beginning of one's own: what its file says of itself, which will not be
    true for long, gives way to where it is from; and it looks for tasks where the user's are, too."""
    text = draft_of_file(path).text
    head = HEAD.match(text)
    said = f"# Begun from {path.stem}, which comes with unseen.\n{text[head.end() if head else 0 :]}"
    return _with_own_catalogs(workspace, draft_of_text(said))


def saved(text: str, name: str, over: bool) -> Path:
    """Write the recipe `text` to ./recipes. Raises `UserMistake` for a name that cannot be, and for one that is taken
    unless `over` allows it; what came with the package is never written over."""
    name = name.strip().removesuffix(".yaml")
    if not NAME.fullmatch(name):
        raise no_name("save as", name)
    path = OWN / f"{name}.yaml"
    if is_shipped(path):
        raise UserMistake(str(path), "came with the package", "start the studio in another folder")
    if path.exists() and not over and path.read_text(encoding="utf-8", errors="replace") != text:
        raise UserMistake(str(path), "is there already", "choose another name, or allow it to be replaced")
    write_whole(path, text)
    return path


def _with_own_catalogs(workspace: Workspace, draft: Draft) -> Draft:
    """A shipped recipe that also looks for tasks where the user's are, if there are some."""
    named = draft.recipe.catalogs if draft.recipe else ()
    own = own_catalogs(workspace, named)
    return draft_of_form(draft.text, {"catalogs": "\n".join([*named, *own])}) if own else draft


def own_catalogs(workspace: Workspace, named: Sequence[str]) -> list[str]:
    """The user's catalogs that hold something and are not among those that a recipe has `named`."""
    there = {each.catalog for each in workspace.catalog().datasets}
    return [name for name in workspace.catalogs if name in there and name not in (*named, *UNDER_DATA, "shipped")]


def around(workspace: Workspace, name: str, side: str) -> str:
    """A small recipe about one dataset: tuned on and others asked, or held out and others tuned on."""
    catalog = workspace.catalog()
    dataset = catalog.task(name).dataset
    seen, unseen = ([dataset.task], _others(catalog, dataset.cluster, ASKED)[:1])
    if side == "unseen":
        seen, unseen = _others(catalog, dataset.cluster, TUNED_ON), [dataset.task]
    catalogs = [each for each in workspace.catalogs if each not in workspace.faults()]
    values = {
        "name": dataset.name,
        "model": "smollm2-135m-instruct",
        "catalogs": catalogs,
        "seen": seen,
        "unseen": unseen,
        "hold_out": {"level": "cluster"},
        "templates": {"per_task": 5},
        "mixture": {"cap": 200},
        "train": {"examples_per_step": 16, "max_tokens": 512},
        "evaluate": {"rows": 48, "seen_rows": 24, "templates": 3},
    }
    about = f"# {dataset.task} is {'held out: others are tuned on' if side == 'unseen' else 'tuned on'}.\n"
    return about + dumped(values)


def _others(catalog: Catalog, cluster: str, patterns: tuple[str, ...]) -> list[str]:
    """The patterns of other clusters that some task matches."""
    clusters = {each.cluster for each in catalog.datasets} - {cluster}
    return [each for each in patterns if each.partition("/")[0] in clusters]
