"""Recipes that the studio offers: files, drafts of Start, and those of runs; and recipes as one types them."""

from __future__ import annotations

from pathlib import Path

from unseen.data.places import shipped_catalog
from unseen.errors import RecipeMistake, UserMistake
from unseen.named_path import named_path
from unseen.recipe import Recipe, beside
from unseen.section import check_model
from unseen.studio.beginnings import around, of_shipped
from unseen.studio.draft import dumped
from unseen.studio.jobs import Jobs
from unseen.studio.kept_recipes import kept_recipes
from unseen.studio.run_folders import entries, folder_at, job_in
from unseen.studio.workspace import Workspace, is_shipped
from unseen.study.record import NAME as RECORD
from unseen.study.record import read_if_there
from unseen.task.selection import named_by
from unseen.yamlfile import read_yaml_mapping, yaml_mapping

TYPED = "recipe"  # how mistakes call a recipe that is no file
SUFFIXES = (".yaml", ".yml")
FOLDERS = ("recipes", "studies/recipes")  # where one's own recipes lie, from where the studio was started
DRAFT, RUN, AROUND = "draft:", "run:", "around:"  # begin the name of a recipe that is no file
RUNS = 5  # that are offered, the newest first


def shipped_recipe() -> Path:
    return shipped_catalog() / "recipes" / "demo.yaml"


def worked_with(workspace: Workspace, dataset: str = "") -> str:
    """The name of the recipe that the user is at: the draft of Start, or else that of the newest run, or else the
    shipped one. Where that does not name `dataset`, which was looked at last, one that tunes on it."""
    name = _newest(workspace)
    known = {each.task: each for each in workspace.catalog().datasets}
    return f"{AROUND}{dataset}" if dataset in known and _why_not(workspace, name, dataset) else name


def why_not(workspace: Workspace, dataset: str) -> str:
    """Why the recipe that the user is at does not have a dataset of the studio's catalogs on either side; nothing where
    it has."""
    return _why_not(workspace, _newest(workspace), dataset)


def _why_not(workspace: Workspace, name: str, dataset: str) -> str:
    """As `why_not`, of any recipe; one that cannot be read may have it."""
    catalog = {each.task: each.catalog for each in workspace.catalog().datasets}[dataset]
    try:
        recipe = recipe_of(recipe_text(workspace, name), name)
        there = {each.task for each in workspace.catalog_of(recipe.catalogs).datasets}
    except UserMistake:
        return ""
    if dataset not in there:
        listed = ", ".join(recipe.catalogs)
        return f"knows the catalogs {listed} only; add {catalog} to its catalogs to have it there"
    named = any(named_by([dataset], pattern) for pattern in (*recipe.seen, *recipe.unseen))
    return "" if named else "does not name it"


def _newest(workspace: Workspace) -> str:
    if drafts := kept_recipes(workspace).all():
        return f"{DRAFT}{drafts[0].id}"
    return next((name for name, _ in _of_runs(workspace)), str(shipped_recipe()))


def offered_recipes(workspace: Workspace) -> list[tuple[str, str]]:
    """Name, and what is shown for it, of drafts, of the shipped recipes, of those in the folders where one's own lie,
    and of the newest runs."""
    drafts = [(f"{DRAFT}{each.id}", f"{each.name} (your draft)") for each in kept_recipes(workspace).all()]
    shipped = [(str(path), f"{path.stem} (shipped)") for path in sorted(shipped_recipe().parent.glob("*.yaml"))]
    own = [path for folder in FOLDERS for path in sorted(Path(folder).glob("*.yaml"))]
    return [*drafts, *shipped, *((str(path), str(path)) for path in own), *_of_runs(workspace)]


def _of_runs(workspace: Workspace) -> list[tuple[str, str]]:
    runs = [each.path for each in entries(workspace) if each.kind == "run"][:RUNS]
    return [(f"{RUN}{path}", f"{path} (a run)") for path in runs]


def recipe_text(workspace: Workspace, name: str) -> str:
    """The text of a recipe: of a file (a shipped one as Start begins with it), a draft, a run, or one that tunes on a
    dataset. Raises `RecipeMistake` for what
    is none or not there, `TaskMistake` for an unknown dataset, `DataMistake` for a path out of the folder of runs."""
    if name.startswith(DRAFT):
        held = kept_recipes(workspace).of(name.removeprefix(DRAFT))
        if held is None:
            raise RecipeMistake("the draft", "is not kept any more", "open another recipe")
        return held.text
    if name.startswith(AROUND):
        return around(workspace, name.removeprefix(AROUND), "seen")
    if name.startswith(RUN):
        return _text_of_run(workspace, name.removeprefix(RUN))
    path = named_path(name, RecipeMistake)
    if path.suffix not in SUFFIXES:
        raise RecipeMistake(str(path), "is no recipe file", "name a .yaml file")
    read_yaml_mapping(path, RecipeMistake)
    if is_shipped(path):
        return of_shipped(workspace, path).text
    return path.read_text(encoding="utf-8-sig")


def _text_of_run(workspace: Workspace, path: str) -> str:
    """As it was typed, where the studio started the run; else as its record has it, with every default."""
    folder = folder_at(workspace, path)
    if job := job_in(folder):
        return recipe_text(workspace, str(Jobs(folder.parent).recipe(job)))
    said = read_if_there(folder / RECORD).get("recipe")
    if not isinstance(said, dict):
        raise RecipeMistake(path[:200], "has no recipe in its record", "open another recipe")
    return dumped(said)


def recipe_of(text: str, name: str) -> Recipe:
    """The recipe in `text`; files that it names may lie beside the file `name`. Raises `RecipeMistake`, a line a
    mistake."""
    values = yaml_mapping(text, TYPED, RecipeMistake)
    is_file = bool(name) and not name.startswith((DRAFT, RUN, AROUND))
    return check_model(Recipe, beside(Path(name), values) if is_file else values, TYPED, RecipeMistake)
